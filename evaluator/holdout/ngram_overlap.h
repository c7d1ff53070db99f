// How many questions stand, in part, in training data: the share of which a 13-gram of words occurs there, as
// is usual since GPT-3's report. Words are runs of letters, digits and bytes beyond ASCII, in ASCII lower
// case; each Chinese character, kana or Hangul syllable is a word of its own. A question is hit if any of its
// texts is; a text of 8 to 12 words counts as one n-gram as it is, shorter ones do not count; a question
// without a text of 8 words counts as all of its texts in a row.
//
// N-grams are compared by a 64-bit hash. Memory is the questions' n-grams; training data streams by.
//
// Made by the evaluation runner. One thread.
#ifndef BONSAI_EVALUATOR_HOLDOUT_NGRAM_OVERLAP_H_
#define BONSAI_EVALUATOR_HOLDOUT_NGRAM_OVERLAP_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace bonsai {

class NgramOverlap {
 public:
  static constexpr size_t kWords = 13;
  static constexpr size_t kWordsMin = 8;

  // The next question, by its texts.
  void AddQuestion(std::span<const std::string> texts);

  // Looks for the questions' n-grams in a text of the training data. After all AddQuestion.
  void Scan(absl::string_view text);

  uint64_t questions() const { return hit_.size(); }
  // The share of questions hit so far; 0 if there are none.
  double share() const;

 private:
  void AddNgrams(const std::vector<uint64_t>& words, uint32_t question);

  std::vector<bool> hit_;
  uint64_t hits_ = 0;
  // By length in words (kWordsMin to kWords): which questions have the n-gram of that hash.
  absl::flat_hash_map<uint64_t, std::vector<uint32_t>> ngrams_[kWords + 1];
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_HOLDOUT_NGRAM_OVERLAP_H_
