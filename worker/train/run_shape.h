// What a run reads: sums over the batches of its source.
//
// Called by TrainingRun. Functions without state.
#ifndef BONSAI_WORKER_TRAIN_RUN_SHAPE_H_
#define BONSAI_WORKER_TRAIN_RUN_SHAPE_H_

#include <cstdint>

#include "worker/train/batch_source.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/run_estimate.h"
#include "worker/train/step_order.h"
#include "worker/train/training_plan.h"

namespace bonsai {

// For an estimate: `layout` is that of all that computes, `trained` of what is trained of it; positions are
// the mean of a row's tokens.
RunShape ShapeOfRun(const ParameterLayout& layout, const ParameterLayout& trained, const TrainingPlan& plan,
                    BatchSource& training, int ranks, int threads, int64_t validation_rows);

// The tokens of the first `steps` steps.
uint64_t TokensBefore(BatchSource& training, const StepOrder& order, uint64_t steps);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RUN_SHAPE_H_
