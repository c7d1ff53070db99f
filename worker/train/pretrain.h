// The runner of job kind "pretrain": packed tokens -> a model, from scratch.
//
// Called by bonsai-run-pretrain's main and by tests; one call per process or thread, one for each rank.
#ifndef BONSAI_WORKER_TRAIN_PRETRAIN_H_
#define BONSAI_WORKER_TRAIN_PRETRAIN_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bonsai/v1/spec.pb.h"
#include "runner/runner.h"
#include "worker/train/parameter_layout.h"

namespace bonsai {

// The model that a spec describes, over this vocabulary. InvalidArgument names the field.
absl::StatusOr<ParameterLayout> PretrainLayout(const v1::ModelShape& shape, int32_t vocab_size,
                                               int32_t bos_id, int32_t eos_id);

// Errors: InvalidArgument or FailedPrecondition names the spec field or input; otherwise as TrainModel.
absl::Status RunPretrain(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_PRETRAIN_H_
