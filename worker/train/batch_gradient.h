// The gradient of a step's batch over all ranks: each computes its share of the rows, and the sum is
// everyone's, or of each value its owner's. Where the plan names gradient_parts, that sum is a tree whose
// shape and parts do not depend on the ranks.
//
// Used by one thread at a time, by all ranks in the same order.
#ifndef BONSAI_WORKER_TRAIN_BATCH_GRADIENT_H_
#define BONSAI_WORKER_TRAIN_BATCH_GRADIENT_H_

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/train/batch_source.h"
#include "worker/train/gradient_tree.h"
#include "worker/train/llama_pass.h"
#include "worker/train/low_rank_model.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/rank_group.h"
#include "worker/train/shard_map.h"
#include "worker/train/train_step.h"
#include "worker/train/training_plan.h"

namespace bonsai {

// What the plan says of a pass.
LlamaPassOptions PassOptionsOf(const TrainingPlan& plan);

class BatchGradient {
 public:
  // All outlive this. `shards`: whose value is whose; null: everyone gets all of them. With `low_rank`, the
  // parameters and gradients of all calls are its adapters', and `layout` is not asked. `step` makes the
  // gradients; null: the CPU does.
  BatchGradient(RankGroup& group, const ParameterLayout& layout, const TrainingPlan& plan, int threads,
                const ShardMap* shards = nullptr, LowRankModel* low_rank = nullptr,
                std::unique_ptr<TrainStep> step = nullptr);

  // The parameters of the calls that follow, as for TrainStep.
  void Load(absl::Span<const float> parameters);

  // Replaces `gradient`, or what this rank owns of it, by that of the mean loss of step `step`'s batch.
  // Returns that loss, in nats per target. Errors: the source's; Unavailable (a rank is gone).
  absl::StatusOr<double> Compute(BatchSource& source, uint64_t step, absl::Span<float> gradient);

  // How long this rank waited for rows since the last call.
  double TakeWaitSeconds() { return std::exchange(wait_seconds_, 0.0); }

  // The summed loss of other rows, on this rank alone, in nats.
  double Loss(const TokenBatch& batch) { return pass_->Loss(batch); }

 private:
  absl::Status Fill(BatchSource& source, uint64_t step, const RowShare& share, RowBuffer& buffer);
  absl::StatusOr<double> Sum(BatchSource& source, uint64_t step, absl::Span<float> gradient);
  absl::StatusOr<double> SumInTree(BatchSource& source, uint64_t step, absl::Span<float> gradient);

  RankGroup& group_;
  const ShardMap* const shards_;
  const uint32_t parts_;
  LowRankModel* const low_rank_;     // may be null
  TrainStep* step_;                  // pass_, or inside of it
  std::unique_ptr<BatchPass> pass_;  // whose gradients are the parameters'
  std::optional<GradientTree> tree_;
  double wait_seconds_ = 0;
  std::vector<RowBuffer> buffers_;  // one, or one for each of this rank's parts
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_BATCH_GRADIENT_H_
