#include "worker/data/byte_level_training.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "edge_runtime/model/word_split.h"

namespace bonsai {
namespace {

constexpr int32_t kFirstByte = 2;
constexpr int64_t kCountMin = 2;

uint64_t PairOf(int32_t left, int32_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
}
int32_t LeftOf(uint64_t pair) { return static_cast<int32_t>(pair >> 32); }
int32_t RightOf(uint64_t pair) { return static_cast<int32_t>(pair & UINT32_MAX); }

}  // namespace

void ByteLevelTraining::Add(absl::string_view text) {
  bytes_ += text.size();
  while (!text.empty()) {
    const size_t bytes = edge::FirstWord({text.data(), text.size()});
    if (bytes <= kWordBytesMax) ++counts_[text.substr(0, bytes)];
    text.remove_prefix(bytes);
  }
}

void ByteLevelTraining::LayOutWords() {
  size_t bytes = 0;
  for (const auto& [word, count] : counts_) bytes += word.size();
  symbols_.reserve(bytes);
  words_.reserve(counts_.size());
  for (const auto& [word, count] : counts_) {
    words_.push_back({symbols_.size(), static_cast<uint32_t>(word.size()), count});
    for (const char byte : word) symbols_.push_back(kFirstByte + static_cast<unsigned char>(byte));
  }
  absl::flat_hash_map<std::string, int64_t>().swap(counts_);
  for (uint32_t i = 0; i < words_.size(); ++i) {
    const int32_t* pieces = symbols_.data() + words_[i].begin;
    for (size_t at = 0; at + 1 < words_[i].size; ++at) Change(pieces[at], pieces[at + 1], words_[i].count, i);
  }
}

void ByteLevelTraining::Change(int32_t left, int32_t right, int64_t change, uint32_t word) {
  const uint64_t pair = PairOf(left, right);
  if (change < 0) {
    // Absent: the pair that is being merged.
    if (const auto found = pairs_.find(pair); found != pairs_.end()) found->second.count += change;
    return;
  }
  PairState& state = pairs_[pair];
  if (state.words.empty()) new_pairs_.push_back(pair);
  state.count += change;
  if (state.words.empty() || state.words.back() != word) state.words.push_back(word);
}

// Counts in the heap are those of when a pair was pushed, and have only fallen since.
uint64_t ByteLevelTraining::TakeBest() {
  while (!candidates_.empty()) {
    const Candidate best = candidates_.top();
    candidates_.pop();
    const auto found = pairs_.find(best.pair);
    if (found == pairs_.end()) continue;
    if (found->second.count == best.count) return best.pair;
    if (found->second.count < kCountMin) {
      pairs_.erase(found);
    } else {
      candidates_.push({found->second.count, best.pair});
    }
  }
  return 0;
}

void ByteLevelTraining::Merge(uint64_t pair, int32_t made) {
  const int32_t left = LeftOf(pair), right = RightOf(pair);
  const std::vector<uint32_t> holders = std::move(pairs_[pair].words);
  pairs_.erase(pair);
  for (const uint32_t holder : holders) {
    Word& word = words_[holder];
    int32_t* pieces = symbols_.data() + word.begin;
    uint32_t out = 0;
    for (uint32_t i = 0; i < word.size;) {
      if (pieces[i] != left || i + 1 == word.size || pieces[i + 1] != right) {
        pieces[out++] = pieces[i++];
        continue;
      }
      if (out > 0) {
        Change(pieces[out - 1], left, -word.count, holder);
        Change(pieces[out - 1], made, word.count, holder);
      }
      if (i + 2 < word.size) {
        Change(right, pieces[i + 2], -word.count, holder);
        Change(made, pieces[i + 2], word.count, holder);
      }
      pieces[out++] = made;
      i += 2;
    }
    word.size = out;
  }
}

absl::StatusOr<edge::ByteLevelVocabulary> ByteLevelTraining::Train(uint32_t vocab_size) {
  auto& pieces = vocabulary_.pieces;
  pieces = {{kBosPiece, true}, {kEosPiece, true}};
  for (int byte = 0; byte < 256; ++byte) pieces.push_back({std::string(1, static_cast<char>(byte)), false});
  absl::flat_hash_set<std::string> known;
  LayOutWords();
  while (pieces.size() < vocab_size) {
    if (stop_()) return absl::CancelledError("asked to stop");
    for (const uint64_t pair : new_pairs_) {
      const auto found = pairs_.find(pair);
      if (found != pairs_.end() && found->second.count >= kCountMin)
        candidates_.push({found->second.count, pair});
    }
    new_pairs_.clear();
    const uint64_t pair = TakeBest();
    if (pair == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the ", bytes_, " bytes of this corpus give a vocabulary of at most ", pieces.size()));
    }
    std::string bytes = pieces[LeftOf(pair)].bytes + pieces[RightOf(pair)].bytes;
    if (!known.insert(bytes).second) continue;
    const int32_t made = static_cast<int32_t>(pieces.size());
    pieces.push_back({std::move(bytes), false});
    vocabulary_.merges.push_back({LeftOf(pair), RightOf(pair), made});
    Merge(pair, made);
  }
  return vocabulary_;
}

absl::Status ByteLevelTraining::CheckWords(const edge::Tokenizer& tokenizer) const {
  for (const Word& word : words_) {
    const std::vector<int32_t> expected(symbols_.begin() + word.begin,
                                        symbols_.begin() + word.begin + word.size);
    std::string text;
    for (const int32_t piece : expected) text += vocabulary_.pieces[piece].bytes;
    if (tokenizer.Encode(text) == expected && tokenizer.Decode(expected) == text) continue;
    return absl::InternalError(absl::StrCat("the trained tokenizer does not give the word \"",
                                            absl::CHexEscape(text), "\" the pieces that training gave it"));
  }
  return absl::OkStatus();
}

}  // namespace bonsai
