// How alike two strings are, character by character, by the two measures that Python's fuzzywuzzy takes.
// Called by LongBench's code tasks. Pure functions; time grows with the product of the lengths.
#ifndef BONSAI_EVALUATOR_METRICS_SEQUENCE_RATIO_H_
#define BONSAI_EVALUATOR_METRICS_SEQUENCE_RATIO_H_

#include "absl/strings/string_view.h"

namespace bonsai {

// difflib.SequenceMatcher(None, a, b).ratio(): twice the characters of the blocks that are found by taking
// the longest common substring, then those to its left and right (J. Ratcliff and D. Metzener, 1988), over
// both lengths. From 200 characters on, characters of b more frequent than 1 % + 1 begin no block (autojunk).
double DifflibRatio(absl::string_view a, absl::string_view b);

// Levenshtein.ratio: twice the longest common subsequence over both lengths.
double SubsequenceRatio(absl::string_view a, absl::string_view b);

enum class FuzzMethod {
  kDifflib,      // fuzzywuzzy alone: lm-evaluation-harness's extra "longbench"
  kLevenshtein,  // with python-Levenshtein: OpenCompass's requirements
};

// fuzz.ratio(a, b): 0 to 100, rounded (halves to even); 100 for equals, else 0 if one is empty.
int FuzzRatio(absl::string_view a, absl::string_view b, FuzzMethod method);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_SEQUENCE_RATIO_H_
