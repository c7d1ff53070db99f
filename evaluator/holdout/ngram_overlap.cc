#include "evaluator/holdout/ngram_overlap.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace bonsai {
namespace {

// A multiplicative hash over words; odd, so that it can be undone step by step in arithmetic modulo 2^64.
constexpr uint64_t kBase = 0x9e3779b97f4a7c15;

// The bytes of the UTF-8 character at the text's beginning: 1 for what is none.
size_t CharacterBytes(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t size = byte(0) < 0xc2 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : byte(0) < 0xf5 ? 4 : 1;
  if (size > text.size()) return 1;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 1;
  }
  return size;
}

// Whether the character, of three bytes or four, is written without spaces: from U+2E80 (Chinese radicals,
// kana, ideographs, Hangul) on.
bool StandsAlone(absl::string_view character) {
  if (character.size() == 4) return true;
  return character.size() == 3 && character.substr(0, 2) >= absl::string_view("\xe2\xba", 2);
}

uint64_t HashWord(absl::string_view word) {
  // FNV-1a, then mixed: the sum over words needs bits that depend on all bytes.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : word)
    hash = (hash ^ static_cast<unsigned char>(absl::ascii_tolower(c))) * 0x100000001b3;
  hash ^= hash >> 31;
  hash *= 0xbf58476d1ce4e5b9;
  return hash ^ (hash >> 29);
}

// Calls visit(hash) for each word of the text.
template <typename Visit>
void ForEachWord(absl::string_view text, const Visit& visit) {
  size_t begin = 0, at = 0;
  const auto end_word = [&] {
    if (at > begin) visit(HashWord(text.substr(begin, at - begin)));
  };
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      if (!absl::ascii_isalnum(byte)) {
        end_word();
        begin = at + 1;
      }
      ++at;
      continue;
    }
    const size_t size = CharacterBytes(text.substr(at));
    if (StandsAlone(text.substr(at, size))) {
      end_word();
      visit(HashWord(text.substr(at, size)));
      begin = at + size;
    }
    at += size;
  }
  end_word();
}

std::vector<uint64_t> WordsOf(absl::string_view text) {
  std::vector<uint64_t> words;
  ForEachWord(text, [&](uint64_t word) { words.push_back(word); });
  return words;
}

}  // namespace

void NgramOverlap::AddNgrams(const std::vector<uint64_t>& words, uint32_t question) {
  const size_t length = std::min(words.size(), kWords);
  for (size_t begin = 0; begin + length <= words.size(); ++begin) {
    uint64_t hash = 0;
    for (size_t i = 0; i < length; ++i) hash = hash * kBase + words[begin + i];
    std::vector<uint32_t>& having = ngrams_[length][hash];
    if (having.empty() || having.back() != question) having.push_back(question);
  }
}

void NgramOverlap::AddQuestion(std::span<const std::string> texts) {
  const auto question = static_cast<uint32_t>(hit_.size());
  hit_.push_back(false);
  std::vector<uint64_t> all;
  bool any = false;
  for (const std::string& text : texts) {
    const std::vector<uint64_t> words = WordsOf(text);
    all.insert(all.end(), words.begin(), words.end());
    if (words.size() < kWordsMin) continue;
    any = true;
    AddNgrams(words, question);
  }
  if (!any && all.size() >= kWordsMin) AddNgrams(all, question);
}

void NgramOverlap::Scan(absl::string_view text) {
  uint64_t window[kWords] = {};  // the last words, in a ring
  uint64_t hashes[kWords + 1] = {};
  uint64_t powers[kWords + 1];  // kBase^length
  powers[0] = 1;
  for (size_t length = 1; length <= kWords; ++length) powers[length] = powers[length - 1] * kBase;
  size_t count = 0;
  ForEachWord(text, [&](uint64_t word) {
    for (size_t length = kWordsMin; length <= kWords; ++length) {
      if (ngrams_[length].empty()) continue;
      uint64_t& hash = hashes[length];
      hash = hash * kBase + word;
      // The word that leaves the window, once as many as that have come before.
      if (count >= length) hash -= window[(count - length) % kWords] * powers[length];
      if (count + 1 < length) continue;
      const auto found = ngrams_[length].find(hash);
      if (found == ngrams_[length].end()) continue;
      for (const uint32_t question : found->second) {
        hits_ += !hit_[question];
        hit_[question] = true;
      }
    }
    window[count % kWords] = word;
    ++count;
  });
}

double NgramOverlap::share() const {
  return hit_.empty() ? 0 : static_cast<double>(hits_) / static_cast<double>(hit_.size());
}

}  // namespace bonsai
