// The suites of an evaluation that are data (EvaluateSpec.suites): installed ones, found in
// <share_dir>/suites, and users' task files. Called by whoever makes an evaluation's suites. One thread.
#ifndef BONSAI_EVALUATOR_DATA_SUITES_H_
#define BONSAI_EVALUATOR_DATA_SUITES_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "evaluator/model_artifact.h"
#include "evaluator/suites/suite.h"
#include "runner/runner.h"

namespace bonsai {

// Appends one for each of the spec's suites, in their order. InvalidArgument begins with the field,
// "evaluate.suites[2]", and says what is wrong: neither or both of suite and task, an unknown suite or
// profile (lists the known ones), a subset, shots or examples that do not fit (DataSuite::Create), a chat
// template that the model has not. Otherwise as RunnerContext::Input.
absl::Status AddDataSuites(RunnerContext& context, const ModelArtifact& model,
                           std::vector<std::unique_ptr<Suite>>& suites);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_DATA_SUITES_H_
