// The figures of suites that an evaluation asked in parts (BIG-Bench Hard's 27): one more result for each
// such suite, after its parts'. Called by the evaluation runner. Pure functions.
#ifndef BONSAI_EVALUATOR_SUITE_GROUPS_H_
#define BONSAI_EVALUATOR_SUITE_GROUPS_H_

#include <vector>

#include "evaluator/suites/suite.h"

namespace bonsai {

// Appends a judgement for each suite all of whose parts (at least two) are there, under the suite's own name:
// each metric that all parts have, as the mean over all questions (with lm-evaluation-harness' pooled
// standard error) or as the mean of the parts' means (with the standard error that follows from theirs).
void AddGroups(std::vector<Judgement>* judgements);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITE_GROUPS_H_
