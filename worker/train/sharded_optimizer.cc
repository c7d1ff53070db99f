#include "worker/train/sharded_optimizer.h"

#include <algorithm>
#include <utility>

namespace bonsai {
namespace {

std::optional<ShardMap> ShardsOf(const RankGroup& group, const ParameterLayout& layout,
                                 const TrainingPlan& plan) {
  if (!plan.shard_optimizer || group.ranks() == 1) return std::nullopt;
  return ShardMap(layout, plan.optimizer, group.ranks());
}

std::optional<std::vector<FlatRange>> ShareOf(const std::optional<ShardMap>& shards, int rank) {
  if (!shards) return std::nullopt;
  return shards->RangesOf(rank);
}

}  // namespace

ShardedOptimizer::ShardedOptimizer(RankGroup& group, const ParameterLayout& layout, const TrainingPlan& plan,
                                   int threads)
    : group_(group),
      shards_(ShardsOf(group, layout, plan)),
      share_(ShareOf(shards_, group.rank())),
      own_(layout, SelectKernels(), plan.optimizer, threads,
           WidthTransfer(layout.config(), plan.width_transfer_dim), share_) {}

absl::StatusOr<double> ShardedOptimizer::Norm(absl::Span<const float> gradient) {
  std::vector<double> sums = own_.SquareSums(gradient);
  // Of each piece, all but its owner add 0.
  if (shards_) {
    if (absl::Status status = group_.Sum(absl::MakeSpan(sums)); !status.ok()) return status;
  }
  return Optimizer::NormOf(sums);
}

absl::Status ShardedOptimizer::Apply(uint64_t update, float learning_rate, double norm,
                                     absl::Span<const float> gradient, absl::Span<float> parameters) {
  own_.Apply(update, learning_rate, norm, gradient, parameters);
  if (!shards_) return absl::OkStatus();
  return group_.ShareFromOwners(parameters, shards_->ranges());
}

void ShardedOptimizer::Restore(std::vector<float> moment1, std::vector<float> moment2) {
  own_.Restore(std::move(moment1), std::move(moment2));
}

absl::Status ShardedOptimizer::ShareAll(absl::Span<const float> own, absl::Span<float> all) {
  const float* from = own.data();
  for (const FlatRange& range : *share_) {
    std::copy_n(from, range.size(), all.data() + range.begin);
    from += range.size();
  }
  return group_.ShareFromOwners(all, shards_->ranges());
}

absl::StatusOr<ShardedOptimizer::Moments> ShardedOptimizer::Gather(absl::Span<float> scratch) {
  const bool first = group_.rank() == 0;
  Moments all;
  for (const auto& [own, moment] :
       {std::pair{own_.moment1(), &all.moment1}, std::pair{own_.moment2(), &all.moment2}}) {
    if (!shards_) {
      if (first) moment->assign(own.begin(), own.end());
      continue;
    }
    if (absl::Status status = ShareAll(own, scratch); !status.ok()) return status;
    if (first) moment->assign(scratch.begin(), scratch.end());
  }
  return all;
}

}  // namespace bonsai
