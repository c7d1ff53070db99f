#include "worker/train/run_checkpoints.h"

#include <utility>

#include "absl/time/clock.h"

namespace bonsai {
namespace {

// Not where each rank stores its own share of the moments: that needs a folder that all of them share.
bool OneWrites(const v1::Task& task, const TrainedModel& model) {
  return model.shards() == nullptr || !task.rendezvous_address().empty();
}

}  // namespace

RunCheckpoints::RunCheckpoints(RunnerContext& context, RankGroup& group, const TrainingPlan& plan,
                               uint64_t parameters, TrainedModel& model)
    : one_writes_(OneWrites(context.task(), model)),
      model_(model),
      writer_(context, group, plan.fingerprint, parameters, kRankTimeout,
              one_writes_ ? std::vector<OwnedRange>() : model.shards()->ranges()) {
  if (plan.checkpoint_every_steps > 0) writer_.Reserve();
}

absl::StatusOr<double> RunCheckpoints::Begin(StateView view, Metrics metrics) {
  const absl::Time before = absl::Now();
  const absl::StatusOr<TrainedModel::State> state = one_writes_ ? model_.WholeState() : model_.OwnState();
  if (!state.ok()) return state.status();
  view.parameters = state->parameters;
  view.moment1 = state->moment1;
  view.moment2 = state->moment2;
  writer_.Begin(view, std::move(metrics));
  return absl::ToDoubleSeconds(absl::Now() - before);
}

std::vector<v1::Checkpoint> RunCheckpoints::Published() {
  // Its failure is logged; then the one before is the newest.
  (void)writer_.Finish();
  return {writer_.published().begin(), writer_.published().end()};
}

}  // namespace bonsai
