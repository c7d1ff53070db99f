// Translation edit rate: the fewest insertions, deletions, substitutions and moves of a run of words that
// turn a hypothesis into a reference, over the reference's words (M. Snover et al., "A study of translation
// edit rate with targeted human annotation", 2006), with the greedy search, its limits and its order of moves
// as sacrebleu's TER() has them: words are what white space separates in the lower-cased text. Called by
// suites. Values.
#ifndef BONSAI_EVALUATOR_METRICS_TER_H_
#define BONSAI_EVALUATOR_METRICS_TER_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/strings/string_view.h"

namespace bonsai {

// What a corpus adds up before it has a score.
struct TerCounts {
  uint64_t edits = 0;          // to the nearest reference
  double reference_words = 0;  // the mean over the references

  TerCounts& operator+=(const TerCounts& other);
};

// Of one segment. `references` is not empty.
TerCounts CountTer(absl::string_view hypothesis, std::span<const std::string> references);

// Percent; may be more than 100. Less is better.
double TerScore(const TerCounts& counts);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_TER_H_
