// The runner of job kind "pretrain": packed tokens -> a model, from scratch.
//
// Called by bonsai-run-pretrain's main and by tests; one call per process or thread, one for each rank.
#ifndef BONSAI_WORKER_TRAIN_PRETRAIN_H_
#define BONSAI_WORKER_TRAIN_PRETRAIN_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Errors: InvalidArgument or FailedPrecondition names the spec field or input; otherwise as TrainModel.
absl::Status RunPretrain(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_PRETRAIN_H_
