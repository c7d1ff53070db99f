#include "edge_runtime/model/normalizer.h"

#include <algorithm>

#include "edge_runtime/model/utf8.h"

namespace bonsai::edge {
namespace {

// A unit of a double array as Darts-clone lays it out (its documentation, "double-array unit").
struct TrieUnit {
  uint32_t bits;

  bool has_leaf() const { return (bits >> 8 & 1) != 0; }
  uint32_t value() const { return bits & 0x7FFFFFFF; }
  uint32_t label() const { return bits & 0x800000FF; }
  size_t offset() const { return static_cast<size_t>(bits >> 10) << ((bits & 0x200) >> 6); }
};

}  // namespace

PrefixMatcher::PrefixMatcher(std::vector<std::string> pieces) : pieces_(std::move(pieces)), ranges_(256) {
  std::sort(pieces_.begin(), pieces_.end());
  for (size_t i = 0; i < pieces_.size(); ++i) {
    auto& range = ranges_[static_cast<unsigned char>(pieces_[i].front())];
    if (range.second == 0) range.first = i;
    range.second = i + 1;
  }
}

size_t PrefixMatcher::Match(std::string_view text) const {
  if (pieces_.empty() || text.empty()) return 0;
  const auto [begin, end] = ranges_[static_cast<unsigned char>(text.front())];
  size_t longest = 0;
  for (size_t i = begin; i < end; ++i) {
    if (pieces_[i].size() > longest && text.starts_with(pieces_[i])) longest = pieces_[i].size();
  }
  return longest;
}

bool Normalizer::Init(NormalizerSpec spec, const PrefixMatcher* matcher, std::string* error) {
  spec_ = std::move(spec);
  matcher_ = matcher;
  const std::string& map = spec_.charsmap;
  if (map.empty()) return true;
  const auto word = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i)
      value |= static_cast<uint32_t>(static_cast<uint8_t>(map[at + i])) << (8 * i);
    return value;
  };
  const size_t trie_bytes = map.size() < 4 ? 0 : word(0);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes > map.size() - 4 || map.back() != '\0') {
    *error = "tokenizer.model: normalizer_spec.precompiled_charsmap is malformed (" +
             std::to_string(map.size()) + " bytes, of which the trie has " + std::to_string(trie_bytes) + ")";
    return false;
  }
  trie_.resize(trie_bytes / 4);
  for (size_t i = 0; i < trie_.size(); ++i) trie_[i] = word(4 + 4 * i);
  replacements_ = map.substr(4 + trie_bytes);
  spec_.charsmap.clear();
  return true;
}

std::pair<size_t, uint32_t> Normalizer::LongestKey(std::string_view text) const {
  std::pair<size_t, uint32_t> longest = {0, 0};
  if (trie_.empty()) return longest;
  size_t node = TrieUnit{trie_[0]}.offset();
  for (size_t i = 0; i < text.size(); ++i) {
    const uint32_t byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (node >= trie_.size()) break;
    const TrieUnit unit{trie_[node]};
    if (unit.label() != byte) break;
    node ^= unit.offset();
    if (node >= trie_.size()) break;
    if (unit.has_leaf()) longest = {i + 1, TrieUnit{trie_[node]}.value()};
  }
  return longest;
}

std::pair<std::string_view, size_t> Normalizer::NormalizePrefix(std::string_view text) const {
  if (const size_t length = matcher_->Match(text); length > 0) return {text.substr(0, length), length};
  const auto [length, value] = LongestKey(text);
  if (length > 0 && value < replacements_.size()) {
    return {std::string_view(replacements_.c_str() + value), length};  // ends at the next '\0'
  }
  const size_t character = Utf8Length(text);
  if (character == 0) return {kReplacementCharacter, 1};
  return {text.substr(0, character), character};
}

std::string Normalizer::Normalize(std::string_view text) const {
  std::string out;
  const std::string_view space = spec_.escape_whitespaces ? kSpaceSymbol : " ";
  const bool fold = spec_.remove_extra_whitespaces;
  while (fold && !text.empty()) {
    const auto [prefix, length] = NormalizePrefix(text);
    if (prefix != " ") break;
    text.remove_prefix(length);
  }
  if (text.empty()) return out;
  out.reserve(text.size() * 3 / 2);
  if (spec_.add_dummy_prefix) out.append(space);
  bool after_space = fold;
  while (!text.empty()) {
    auto [prefix, length] = NormalizePrefix(text);
    text.remove_prefix(length);
    while (after_space && prefix.starts_with(' ')) prefix.remove_prefix(1);
    for (const char c : prefix) {
      if (c == ' ') {
        out.append(space);
      } else {
        out.push_back(c);
      }
    }
    if (!prefix.empty()) after_space = prefix.ends_with(' ');
    if (!fold) after_space = false;
  }
  while (fold && out.ends_with(space)) out.erase(out.size() - space.size());
  return out;
}

}  // namespace bonsai::edge
