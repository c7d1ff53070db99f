// ROUGE-L over sets of words, as the Python package "rouge" has it, which LongBench scores summaries by.
// Called by suites. Pure functions.
#ifndef BONSAI_EVALUATOR_METRICS_SET_ROUGE_H_
#define BONSAI_EVALUATOR_METRICS_SET_ROUGE_H_

#include "absl/strings/string_view.h"

namespace bonsai {

// Both texts are split at "." into sentences, and these at white space. U: the set of words in a longest
// common subsequence of a reference's sentence and one of the prediction. P = |U| / |set of the prediction's
// words|, R = |U| / |set of the reference's|, F = 2PR / (P + R + 1e-8). 0 where a text has no sentence.
// (Sentences of some 1,000 words, on which the package gives up, are scored like others.)
double SetRougeL(absl::string_view prediction, absl::string_view reference);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_SET_ROUGE_H_
