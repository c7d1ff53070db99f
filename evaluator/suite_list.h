// The suites of an evaluation, made from what its spec names: the built-in ones, and those that are data.
// Called by the evaluation runner. One thread.
#ifndef BONSAI_EVALUATOR_SUITE_LIST_H_
#define BONSAI_EVALUATOR_SUITE_LIST_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/model_artifact.h"
#include "evaluator/suites/suite.h"
#include "evaluator/xz_measurement.h"
#include "runner/runner.h"

namespace bonsai {

struct SuiteList {
  std::vector<std::unique_ptr<Suite>> suites;
  std::vector<std::unique_ptr<Suite>> secret;  // whose answers nothing but memory may hold
  std::unique_ptr<XzMeasurement> xz;           // of suites[0], if that is bits_per_byte and will be judged
};

// The same requests each time that it is called for the same spec, model and corpora. `judged`: whether there
// will be a report, or only answers. InvalidArgument names the field or the document that makes no suite; as
// RunnerContext::Input.
absl::StatusOr<SuiteList> MakeSuites(RunnerContext& context, const ModelArtifact& model, bool judged);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITE_LIST_H_
