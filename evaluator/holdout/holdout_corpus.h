// A secret suite's questions at an evaluation: opened in memory with the key that lies on this machine, and
// looked for in training data.
//
// Called by the evaluation runner's list of suites. One thread.
#ifndef BONSAI_EVALUATOR_HOLDOUT_HOLDOUT_CORPUS_H_
#define BONSAI_EVALUATOR_HOLDOUT_HOLDOUT_CORPUS_H_

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/document.pb.h"
#include "runner/runner.h"

namespace bonsai {

// Whether the artifact that the spec field names is a holdout. As RunnerContext::Input.
absl::StatusOr<bool> IsHoldout(RunnerContext& context, absl::string_view field);

// The questions of the holdout that the spec field names, the first `documents_max` (0: all).
// FailedPrecondition if this machine has no key (kHoldoutKeyVariable is not set); as ReadKeyFile, Unseal,
// ReadHoldoutQuestions.
absl::StatusOr<std::vector<v1::Document>> OpenHoldout(RunnerContext& context, absl::string_view field,
                                                      uint64_t documents_max);

// The share of the questions found in evaluate.overlap_with (NgramOverlap), whose documents stream by; those
// of "tokens" are the corpora that they were packed from. FailedPrecondition names a corpus that is not at
// hand here; Cancelled when asked to stop.
absl::StatusOr<double> MeasureOverlap(RunnerContext& context, std::span<const v1::Document> questions);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_HOLDOUT_HOLDOUT_CORPUS_H_
