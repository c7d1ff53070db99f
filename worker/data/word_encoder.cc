#include "worker/data/word_encoder.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bonsai {
namespace {

constexpr char kSpaceSymbol[] = "\xE2\x96\x81";
constexpr size_t kSpaceSymbolBytes = 3;
constexpr size_t kCachedWordBytesMax = 64;
constexpr size_t kWordsMax = 1 << 18;

bool SpacesOnlyAtFronts(const edge::Tokenizer& tokenizer) {
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string_view piece = tokenizer.Piece(id);
    if (piece.size() > kSpaceSymbolBytes && piece.find(kSpaceSymbol, 1) != std::string_view::npos)
      return false;
  }
  return true;
}

// The tokenizer puts one space in front of the text, keeps every other character, and drops nothing.
bool KeepsSpaces(const edge::Tokenizer& tokenizer) {
  const std::string probe = "a  b \tc\r \xEF\xBC\xA1 ";
  const std::vector<int32_t> ids = tokenizer.Encode(probe);
  if (tokenizer.Decode(ids) != probe) return false;
  const std::vector<int32_t> word = tokenizer.Encode("b");
  return !word.empty() && std::string(tokenizer.Piece(word[0])).rfind(kSpaceSymbol, 0) == 0;
}

}  // namespace

WordEncoder::WordEncoder(const edge::Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  if (!SpacesOnlyAtFronts(tokenizer) || !KeepsSpaces(tokenizer)) return;
  const std::vector<int32_t> two = tokenizer.Encode(" ");  // the dummy prefix and the space itself
  if (two.empty() || two.size() % 2 != 0) return;
  space_.assign(two.begin(), two.begin() + two.size() / 2);
  by_word_ = std::vector<int32_t>(two.begin() + two.size() / 2, two.end()) == space_;
}

const std::vector<int32_t>& WordEncoder::EncodeWord(absl::string_view word) {
  if (word.size() > kCachedWordBytesMax) {
    uncached_ = tokenizer_.Encode({word.data(), word.size()});
    return uncached_;
  }
  const auto found = words_.find(word);
  if (found != words_.end()) return found->second;
  if (words_.size() >= kWordsMax) words_.clear();
  return words_.emplace(word, tokenizer_.Encode({word.data(), word.size()})).first->second;
}

void WordEncoder::Encode(absl::string_view text, std::vector<int32_t>* ids) {
  if (text.empty()) return;
  if (!by_word_ || absl::StrContains(text, kSpaceSymbol)) {
    const std::vector<int32_t> all = tokenizer_.Encode({text.data(), text.size()});
    ids->insert(ids->end(), all.begin(), all.end());
    return;
  }
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    const std::vector<int32_t>& here = word.empty() ? space_ : EncodeWord(word);
    ids->insert(ids->end(), here.begin(), here.end());
  }
}

}  // namespace bonsai
