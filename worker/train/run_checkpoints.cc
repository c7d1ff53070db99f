#include "worker/train/run_checkpoints.h"

#include <utility>

#include "absl/time/clock.h"

namespace bonsai {
namespace {

// Not where each rank stores its own share of the moments: that needs a folder that all of them share.
bool OneWrites(const v1::Task& task, const ShardedOptimizer& optimizer) {
  return optimizer.shards() == nullptr || !task.rendezvous_address().empty();
}

}  // namespace

RunCheckpoints::RunCheckpoints(RunnerContext& context, RankGroup& group, const TrainingPlan& plan,
                               uint64_t parameters, ShardedOptimizer& optimizer)
    : one_writes_(OneWrites(context.task(), optimizer)),
      optimizer_(optimizer),
      writer_(context, group, plan.fingerprint, parameters, kRankTimeout,
              one_writes_ ? std::vector<OwnedRange>() : optimizer.shards()->ranges()) {
  if (plan.checkpoint_every_steps > 0) writer_.Reserve();
}

absl::StatusOr<double> RunCheckpoints::Begin(StateView view, Metrics metrics, absl::Span<float> scratch) {
  const absl::Time before = absl::Now();
  view.moment1 = optimizer_.moment1();
  view.moment2 = optimizer_.moment2();
  ShardedOptimizer::Moments all;
  if (optimizer_.shards() != nullptr && one_writes_) {
    absl::StatusOr<ShardedOptimizer::Moments> gathered = optimizer_.Gather(scratch);
    if (!gathered.ok()) return gathered.status();
    all = *std::move(gathered);
    view.moment1 = all.moment1;
    view.moment2 = all.moment2;
  }
  writer_.Begin(view, std::move(metrics));
  return absl::ToDoubleSeconds(absl::Now() - before);
}

std::vector<v1::Checkpoint> RunCheckpoints::Published() {
  // Its failure is logged; then the one before is the newest.
  (void)writer_.Finish();
  return {writer_.published().begin(), writer_.published().end()};
}

}  // namespace bonsai
