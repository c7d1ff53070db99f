// One attempt at training: resumes, steps, samples, checkpoints, leaves when asked. Pretraining and
// fine-tuning differ in what they hand in. Every rank runs the same; rank 0 reports and writes.
//
// Used by one thread; checkpoints are written by another.
#ifndef BONSAI_WORKER_TRAIN_TRAINING_RUN_H_
#define BONSAI_WORKER_TRAIN_TRAINING_RUN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/spec.pb.h"
#include "runner/runner.h"
#include "worker/train/batch_source.h"
#include "worker/train/checkpoint.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/rank_group.h"

namespace bonsai {

struct TrainingPlan {
  std::string kind;  // "pretrain": begins the names of spec fields in errors
  v1::Optimizer optimizer;
  v1::Schedule schedule;
  uint32_t steps = 0;
  uint32_t batch_sequences = 0;
  uint32_t checkpoint_every_steps = 0;  // 0: only when asked to leave
  std::string fingerprint;              // of all that makes this run this run
};

// InvalidArgument names the field, its value and what would be valid.
absl::Status ValidatePlan(const TrainingPlan& plan, uint32_t ranks);

// A digest of the task's spec and input artifacts: what a checkpoint must agree with.
std::string FingerprintOf(const v1::Task& task);

// Trains from the newest checkpoint of the task that can be read, or from `initial`. Returns the state after
// the last step. Errors: Cancelled (asked to leave: the checkpoint is written); FailedPrecondition (the loss
// or the gradient is not finite: names the step and the learning rate); Unavailable (a rank is gone); those
// of the source.
absl::StatusOr<TrainState> TrainModel(RunnerContext& context, RankGroup& group, const ParameterLayout& layout,
                                      const TrainingPlan& plan, BatchSource& source,
                                      std::vector<float> initial);

// JSON: kind, steps, tokens_seen, final_loss, and "loss", at most 1000 points, each the mean of
// steps_per_point steps.
std::string WriteTrainingReport(const TrainState& state, uint64_t tokens, const TrainingPlan& plan);

// The mean loss of the last steps (20, or all).
double FinalLoss(const TrainState& state);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_TRAINING_RUN_H_
