// The optimizer of a training run over its ranks: every rank keeps all moments and updates all parameters;
// or, where the plan says shard_optimizer, each keeps those of its share, updates that, and gets the rest
// from the others (ZeRO-1). The same bits either way for the same gradient.
//
// Used by one thread at a time, by all ranks in the same order.
#ifndef BONSAI_WORKER_TRAIN_SHARDED_OPTIMIZER_H_
#define BONSAI_WORKER_TRAIN_SHARDED_OPTIMIZER_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/train/optimizer.h"
#include "worker/train/rank_group.h"
#include "worker/train/shard_map.h"
#include "worker/train/training_plan.h"

namespace bonsai {

class ShardedOptimizer {
 public:
  // All outlive this.
  ShardedOptimizer(RankGroup& group, const ParameterLayout& layout, const TrainingPlan& plan, int threads);

  // Whose share is which; null where every rank has everything.
  const ShardMap* shards() const { return shards_ ? &*shards_ : nullptr; }
  // This rank's; none where it has everything.
  const std::optional<std::vector<FlatRange>>& share() const { return share_; }

  // The norm of the gradient, of which this rank has its share. Unavailable: a rank is gone.
  absl::StatusOr<double> Norm(absl::Span<const float> gradient);

  // Optimizer::Apply, and then all ranks have all parameters. Unavailable: a rank is gone.
  absl::Status Apply(uint64_t update, float learning_rate, double norm, absl::Span<const float> gradient,
                     absl::Span<float> parameters);

  // Of this rank's share.
  absl::Span<const float> moment1() const { return own_.moment1(); }
  absl::Span<const float> moment2() const { return own_.moment2(); }
  void Restore(std::vector<float> moment1, std::vector<float> moment2);

  struct Moments {
    std::vector<float> moment1, moment2;
  };
  // All ranks' moments, on rank 0; elsewhere none. `scratch` has a value for each parameter, and loses them.
  absl::StatusOr<Moments> Gather(absl::Span<float> scratch);

 private:
  // Puts this rank's values where they belong, and takes those of the others.
  absl::Status ShareAll(absl::Span<const float> own, absl::Span<float> all);

  RankGroup& group_;
  const std::optional<ShardMap> shards_;
  const std::optional<std::vector<FlatRange>> share_;
  Optimizer own_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_SHARDED_OPTIMIZER_H_
