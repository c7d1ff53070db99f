// The learning rate of each step. Pure.
#ifndef BONSAI_WORKER_TRAIN_LEARNING_RATE_H_
#define BONSAI_WORKER_TRAIN_LEARNING_RATE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/spec.pb.h"

namespace bonsai {

// InvalidArgument names the field below `kind` ("pretrain"), its value and what would be valid.
absl::Status ValidateSchedule(const v1::Schedule& schedule, uint32_t steps, absl::string_view kind);
absl::Status ValidateOptimizer(const v1::Optimizer& optimizer, absl::string_view kind);

// The rate of step `step` (from 0) of `steps`: linear over warmup_steps up to `peak`, then the schedule's
// shape down to final_fraction * peak at the last step. An unspecified shape stays at the peak.
float LearningRate(const v1::Schedule& schedule, float peak, uint64_t step, uint64_t steps);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_LEARNING_RATE_H_
