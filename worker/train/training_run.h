// One attempt at training: resumes, steps, samples, checkpoints, leaves when asked. Pretraining and
// fine-tuning differ in what they hand in. Every rank runs the same; rank 0 reports, and each writes its part
// of the checkpoints. A step's rows do not depend on the number of ranks, so an attempt may have another
// number than the one before: the run stays the same run, up to the rounding of sums.
//
// Used by one thread; checkpoints are written by another.
#ifndef BONSAI_WORKER_TRAIN_TRAINING_RUN_H_
#define BONSAI_WORKER_TRAIN_TRAINING_RUN_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runner/runner.h"
#include "worker/train/batch_source.h"
#include "worker/train/checkpoint.h"
#include "worker/train/low_rank_model.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/rank_group.h"
#include "worker/train/run_estimate.h"
#include "worker/train/trained_model.h"
#include "worker/train/training_plan.h"

namespace bonsai {

// Where a run's rows come from: the steps' of `training`; and, if there is a `validation`, the held-out
// `validation_rows` rows of its step 0.
struct RunSources {
  BatchSource& training;
  BatchSource* validation = nullptr;
  int64_t validation_rows = 0;
};

struct TrainOutcome {
  TrainState state;                       // after the last step, but for its parameters: they are the model's
  uint64_t tokens = 0;                    // that the run has read, what was undone not counted
  uint64_t model_step = 0;                // the model's: the last one, or that of the best validation
  std::optional<double> validation_loss;  // of the model, nats per target
  RunShape shape;
};

// Trains from the newest checkpoint of the task that can be read, or from `initial`. Returns what it came to
// after the last step. With `low_rank`, `layout` and all parameters are those of its adapters. `model`: what
// holds them; null: PlaceModel's choice. Errors: Cancelled (asked to leave: the checkpoint is written);
// FailedPrecondition (the loss or the gradient is not finite: names the step and the learning rate);
// Unavailable (a rank is gone); those of the sources.
absl::StatusOr<TrainOutcome> TrainModel(RunnerContext& context, RankGroup& group,
                                        const ParameterLayout& layout, const TrainingPlan& plan,
                                        const RunSources& sources, std::vector<float> initial,
                                        LowRankModel* low_rank = nullptr,
                                        std::unique_ptr<TrainedModel> model = nullptr);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_TRAINING_RUN_H_
