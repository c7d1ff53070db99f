// A run's checkpoints, whichever ranks keep its moments: each rank stores its part of the state; or, where
// ranks share no folder, rank 0 gathers the others' shares and stores all of it.
//
// Each rank has one; used by the training thread, by all ranks after the same steps.
#ifndef BONSAI_WORKER_TRAIN_RUN_CHECKPOINTS_H_
#define BONSAI_WORKER_TRAIN_RUN_CHECKPOINTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runner/runner.h"
#include "worker/train/checkpoint_writer.h"
#include "worker/train/rank_group.h"
#include "worker/train/trained_model.h"
#include "worker/train/training_plan.h"

namespace bonsai {

class RunCheckpoints {
 public:
  // All outlive this. `parameters`: how many are trained.
  RunCheckpoints(RunnerContext& context, RankGroup& group, const TrainingPlan& plan, uint64_t parameters,
                 TrainedModel& model);

  // Begins to store this state with the model's parameters and moments; the view's own do not count. The
  // model's gradient is lost. Returns the seconds for which the caller was kept. Unavailable: a rank is gone.
  absl::StatusOr<double> Begin(StateView view, Metrics metrics);

  // As CheckpointWriter's.
  absl::Status Finish() { return writer_.Finish(); }

  // Those that this rank published, the newest first. Waits for the one under way.
  std::vector<v1::Checkpoint> Published();

 private:
  const bool one_writes_;
  TrainedModel& model_;
  CheckpointWriter writer_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RUN_CHECKPOINTS_H_
