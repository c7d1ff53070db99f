// How an evaluation's items differ from those of an earlier one (EvaluateSpec.compare_with): item by item,
// with a paired test for every metric. Called at the end of an evaluation.
#ifndef BONSAI_EVALUATOR_EVALUATION_COMPARISON_H_
#define BONSAI_EVALUATOR_EVALUATION_COMPARISON_H_

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "bonsai/v1/report.pb.h"
#include "evaluator/suites/suite.h"
#include "runner/runner.h"

namespace bonsai {

// One comparison for each metric that items of both have, in the order of `result.metrics`; `result` says
// which way is better. Items belong together if their ids are equal and they expect the same; those of one
// evaluation alone are left out. Metrics without a value per item are left out.
std::vector<v1::MetricComparison> CompareItems(const v1::SuiteResult& result,
                                               std::span<const v1::ItemResult> items,
                                               std::span<const v1::ItemResult> earlier);

// Compares every suite that has items, and is no secret one, with the evaluation that the task's spec names,
// and puts it into the report; nothing if it names none. A suite that the earlier evaluation has no items of
// gets a note in the report. `judgements` are in the order of report->suites(). Errors: FailedPrecondition or
// DataLoss name the earlier evaluation and its file.
absl::Status AddComparisons(RunnerContext& context, std::span<const Judgement> judgements,
                            v1::EvaluationReport* report);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_EVALUATION_COMPARISON_H_
