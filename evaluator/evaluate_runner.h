// The runner of kind "evaluate": a model and data sets -> an "evaluation" artifact (v1.EvaluationReport). Its
// main() is bonsai-run-evaluate; tests call RunEvaluate with a fake context.
#ifndef BONSAI_EVALUATOR_EVALUATE_RUNNER_H_
#define BONSAI_EVALUATOR_EVALUATE_RUNNER_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Scores every suite of the task's EvaluateSpec on the engine, with resources.cpus threads; what xz needs is
// measured on one more thread meanwhile. Publishes report.binpb and report.json. The report does not depend
// on the number of threads. Errors: InvalidArgument names the field, file or document; Cancelled when asked
// to stop; as RunnerContext.
absl::Status RunEvaluate(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_EVALUATE_RUNNER_H_
