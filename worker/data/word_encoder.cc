#include "worker/data/word_encoder.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "edge_runtime/model/word_split.h"

namespace bonsai {
namespace {

constexpr char kSpaceSymbol[] = "\xE2\x96\x81";
constexpr int kLog2Words = 18;  // of 32 bytes: 8 MiB
constexpr size_t kLongWordsMax = 1 << 15;
// What a key and a word's ids may be read and written beyond their ends.
constexpr size_t kSlack = 16;

// The tokenizer puts one space in front of the text, keeps every other character, and drops nothing.
bool KeepsText(const edge::Tokenizer& tokenizer) {
  const std::string probe = "a  b \tc\r\n \xEF\xBC\xA1 ";
  if (tokenizer.Decode(tokenizer.Encode(probe)) != probe) return false;
  const std::vector<int32_t> word = tokenizer.Encode("b");
  return !word.empty() && tokenizer.Piece(word[0]).starts_with(kSpaceSymbol);
}

// What no piece covers becomes bytes: U+10FFFE, which is no character, has four.
bool HasByteFallback(const edge::Tokenizer& tokenizer) {
  const std::string probe = "\xF4\x8F\xBF\xBE";
  const std::vector<int32_t> ids = tokenizer.Encode("\n" + probe);
  return ids.size() >= 4 && tokenizer.Decode(ids) == "\n" + probe &&
         std::find(ids.begin(), ids.end(), tokenizer.unk_id()) == ids.end();
}

}  // namespace

WordEncoder::WordEncoder(const edge::Tokenizer& tokenizer)
    : tokenizer_(tokenizer),
      splits_words_(tokenizer.splits_words()),
      boundaries_(tokenizer),
      merges_(tokenizer),
      table_(kLog2Words) {
  if (splits_words_) {
    by_word_ = true;
    return;
  }
  // A word is encoded behind a newline: the space that the tokenizer puts in front cannot touch it there.
  by_word_ = boundaries_.Alone('\n') && KeepsText(tokenizer) && HasByteFallback(tokenizer) &&
             tokenizer.Encode(" ").size() <= 2;
  lead_ids_ = tokenizer.Encode("\n").size();
}

void WordEncoder::EncodeWhole(absl::string_view text, std::vector<uint16_t>* ids) const {
  const std::vector<int32_t> all = tokenizer_.Encode({text.data(), text.size()});
  ids->insert(ids->end(), all.begin(), all.end());
}

uint16_t* WordEncoder::EncodeNewWord(absl::string_view word, uint16_t* out) {
  size_t count = 0;
  if (word.size() <= PieceMerges::kWordBytesMax && merges_.Encode(word, out, &count)) return out + count;
  if (splits_words_) {
    const std::vector<int32_t> ids = tokenizer_.Encode({word.data(), word.size()});
    return std::copy(ids.begin(), ids.end(), out);
  }
  const std::vector<int32_t> ids = tokenizer_.Encode(absl::StrCat("\n", word));
  return std::copy(ids.begin() + lead_ids_, ids.end(), out);
}

uint16_t* WordEncoder::EncodeRareWord(absl::string_view word, uint16_t* out) {
  if (word.size() > PieceMerges::kWordBytesMax) return EncodeNewWord(word, out);
  if (const auto found = long_words_.find(word); found != long_words_.end()) {
    return std::copy(found->second.begin(), found->second.end(), out);
  }
  uint16_t* end = EncodeNewWord(word, out);
  const size_t count = end - out;
  if (word.size() > CachedWord::kBytesMax || count > CachedWord::kIdsMax) {
    if (long_words_.size() >= kLongWordsMax) long_words_.clear();
    long_words_.emplace(word, std::vector<uint16_t>(out, end));
    return end;
  }
  CachedWord cached;
  WordTable::MakeKey(word.data(), word.size(), cached.key);
  cached.count = static_cast<uint16_t>(count);
  std::copy(out, end, cached.ids);
  table_.Insert(cached);
  return end;
}

// Words are cut well before they are looked up, so that the table's memory has arrived by then.
size_t WordEncoder::CutWords(size_t at, size_t size) {
  size_t words = 0;
  for (; words < cut_.size() && at < size; ++words) {
    CutWord& word = cut_[words];
    word.text = spaced_.data() + at;
    word.size =
        splits_words_ ? edge::FirstWord({word.text, size - at}) : boundaries_.First(word.text, size - at);
    at += word.size;
    if (word.size > CachedWord::kBytesMax) continue;
    WordTable::MakeKey(word.text, word.size, word.key);
    word.place = table_.Prefetch(word.key);
  }
  return words;
}

uint16_t* WordEncoder::EncodeWord(const CutWord& word, uint16_t* out) {
  if (word.size <= CachedWord::kBytesMax) {
    if (const CachedWord* cached = table_.Find(word.key, word.place); cached != nullptr) {
      std::memcpy(out, cached->ids, sizeof(cached->ids));
      return out + cached->count;
    }
  }
  return EncodeRareWord({word.text, word.size}, out);
}

void WordEncoder::Encode(absl::string_view text, std::vector<uint16_t>* ids) {
  if (text.empty()) return;
  const size_t leading = splits_words_ ? 0 : 1;
  if (!by_word_ || (leading > 0 && absl::StrContains(text, kSpaceSymbol))) return EncodeWhole(text, ids);
  const size_t size = text.size() + leading;
  spaced_.assign(leading, ' ');
  spaced_.append(text.data(), text.size());
  spaced_.append(kSlack, '\0');
  // A byte gives at most one id, but U+FFFD, which takes the place of a byte that is not UTF-8, gives three.
  if (out_.size() < 3 * size + kSlack) out_.resize(3 * size + kSlack);
  uint16_t* out = out_.data();
  for (size_t at = 0; at < size;) {
    const size_t words = CutWords(at, size);
    for (size_t i = 0; i < words; ++i) out = EncodeWord(cut_[i], out);
    at = cut_[words - 1].text - spaced_.data() + cut_[words - 1].size;
  }
  ids->insert(ids->end(), out_.data(), out);
}

}  // namespace bonsai
