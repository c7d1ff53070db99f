// Where a run goes on from: the newest checkpoint that can be read, the same on every rank. A run asks at its
// beginning, and again where it is to go back.
//
// Used by the training thread, by all ranks in the same order.
#ifndef BONSAI_WORKER_TRAIN_RESUME_POINT_H_
#define BONSAI_WORKER_TRAIN_RESUME_POINT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runner/runner.h"
#include "worker/train/checkpoint.h"
#include "worker/train/rank_group.h"
#include "worker/train/training_plan.h"

namespace bonsai {

class ResumePoint {
 public:
  // All outlive this. `parameters`: how many are trained; `share`: those whose moments this rank keeps, if
  // not of all.
  ResumePoint(RunnerContext& context, RankGroup& group, const TrainingPlan& plan, uint64_t parameters,
              const std::optional<std::vector<FlatRange>>& share)
      : context_(context), group_(group), plan_(plan), parameters_(parameters), share_(share) {}

  // The state of the newest checkpoint that the task names; nullopt if none can be read. Unavailable: another
  // rank than 0 cannot read what rank 0 could, or one is gone.
  absl::StatusOr<std::optional<TrainState>> AtStart();

  // The parameters that a run may go back to.
  void KeepStart(std::vector<float> parameters) { start_ = std::move(parameters); }

  // The same for a run that goes back: the newest of those that rank 0 has `published` in this attempt
  // (newest first) or that the task names; if none can be read, the start. `rewind` numbers the call. The
  // others have the checkpoint from rank 0 where they share no folder with it; then without its record.
  absl::StatusOr<TrainState> Behind(const std::vector<v1::Checkpoint>& published, size_t rewind);

 private:
  std::optional<TrainState> Choose(const std::vector<v1::Checkpoint>& candidates, bool whole,
                                   std::string& chosen);
  absl::StatusOr<std::optional<TrainState>> Agree(absl::string_view key,
                                                  const std::vector<v1::Checkpoint>& candidates,
                                                  bool send_state);
  absl::StatusOr<TrainState> Send(absl::string_view key, std::optional<TrainState> state);
  // With the moments of the share, or the `whole` of them.
  absl::StatusOr<TrainState> Load(const std::string& manifest_id, bool whole);
  // Cuts whole moments to the share.
  void CutToShare(TrainState& state) const;

  RunnerContext& context_;
  RankGroup& group_;
  const TrainingPlan& plan_;
  const uint64_t parameters_;
  const std::optional<std::vector<FlatRange>>& share_;
  std::vector<float> start_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RESUME_POINT_H_
