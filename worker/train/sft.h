// The runner of job kind "sft": a model and instructions -> a model that follows them, with the chat template
// that it learned. The loss counts responses only.
//
// Called by bonsai-run-sft's main and by tests; one call per process or thread, one for each rank.
#ifndef BONSAI_WORKER_TRAIN_SFT_H_
#define BONSAI_WORKER_TRAIN_SFT_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Errors: InvalidArgument or FailedPrecondition names the spec field or input; otherwise as TrainModel.
absl::Status RunSft(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_SFT_H_
