// What may be told of a secret suite: rounded figures, and nothing of any one question. Called by the
// evaluation runner before a report is made. A pure function.
#ifndef BONSAI_EVALUATOR_HOLDOUT_HOLDOUT_RESULT_H_
#define BONSAI_EVALUATOR_HOLDOUT_HOLDOUT_RESULT_H_

#include <optional>

#include "evaluator/suites/suite.h"

namespace bonsai {

// Figures are kept to 4 decimals: a share to two decimals of a percentage.
inline constexpr double kHoldoutSteps = 10'000;

// Marks the result as a holdout's, rounds every figure of it, standard errors and floors included, takes the
// answers' digest and the suite's own notes away (they may count or quote), and drops all items. `overlap`,
// the share of questions found in training data, is rounded likewise.
void MakePublic(std::optional<double> overlap, Judgement* judgement);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_HOLDOUT_HOLDOUT_RESULT_H_
