// ROUGE-1, ROUGE-2 and ROUGE-Lsum without stemming, as Google's rouge_score has them: tokens are runs of a-z
// and 0-9 of the lower-cased text; Lsum joins the longest common subsequences of a reference's line with
// every line of the prediction (C.-Y. Lin, "ROUGE: a package for automatic evaluation of summaries", 2004,
// section 3.2; counts clipped as ROUGE-1.5.5 does). Called by suites. Pure functions.
#ifndef BONSAI_EVALUATOR_METRICS_ROUGE_H_
#define BONSAI_EVALUATOR_METRICS_ROUGE_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace bonsai {

// F-measures, 0 to 1.
struct RougeScores {
  double rouge1 = 0;
  double rouge2 = 0;
  double rouge_lsum = 0;
};

RougeScores Rouge(absl::string_view prediction, absl::string_view reference);

// The same, with " . " ending a line first: what lm-evaluation-harness and T5 do. Times 100.
RougeScores RougePercentOfSentences(absl::string_view prediction, absl::string_view reference);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_ROUGE_H_
