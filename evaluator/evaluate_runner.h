// The runner of kind "evaluate": a model and data sets -> an "evaluation" artifact (v1.EvaluationReport), or,
// for a part of a split evaluation, "answers". Its main() is bonsai-run-evaluate; tests call RunEvaluate with
// a fake context.
#ifndef BONSAI_EVALUATOR_EVALUATE_RUNNER_H_
#define BONSAI_EVALUATOR_EVALUATE_RUNNER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Of a split evaluation.
inline constexpr uint32_t kEvaluationPartsMax = 64;

// Asks the model, on the engine with resources.cpus threads, all that the suites of the task's EvaluateSpec
// want to know, and stores what it answers as it comes (answer_store.h): a restart asks only the rest. Where
// the spec names `answers`, they are taken instead. Publishes report.binpb, report.json and
// items/<suite>.binpb; the report depends on neither threads, batches, parts nor restarts. What xz needs is
// measured on one more thread meanwhile. Errors: InvalidArgument names the field, file or document; Cancelled
// when asked to stop; as RunnerContext.
absl::Status RunEvaluate(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_EVALUATE_RUNNER_H_
