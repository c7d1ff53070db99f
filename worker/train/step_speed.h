// How fast this machine trains a model: real steps on made-up rows, timed.
//
// Called by bonsai-estimate. Blocks for about as long as it is told; runs `threads` threads.
#ifndef BONSAI_WORKER_TRAIN_STEP_SPEED_H_
#define BONSAI_WORKER_TRAIN_STEP_SPEED_H_

#include <cstdint>

#include "absl/time/time.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/training_plan.h"

namespace bonsai {

struct StepSpeed {
  double tokens_per_second = 0;  // the median of the steps, the first not counted
  int steps = 0;                 // that were timed; at least 3
};

// Forward and backward pass and update, of `rows` rows of `positions` positions, with the plan's optimizer
// and precision.
StepSpeed MeasureStepSpeed(const ParameterLayout& layout, const TrainingPlan& plan, int64_t rows,
                           int64_t positions, int threads, absl::Duration how_long);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_STEP_SPEED_H_
