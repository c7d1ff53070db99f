#include "worker/train/host_model.h"

#include <utility>

#include "worker/train/run_meter.h"

namespace bonsai {

HostModel::HostModel(RankGroup& group, const ParameterLayout& layout, const TrainingPlan& plan, int threads,
                     LowRankModel* low_rank, std::unique_ptr<TrainStep> step)
    : plan_(plan),
      threads_(threads),
      optimizer_(group, layout, plan, threads),
      batch_gradient_(group, layout, plan, threads, optimizer_.shards(), low_rank, std::move(step)),
      gradient_(layout.size()) {}

void HostModel::Restore(std::vector<float> parameters, std::vector<float> moment1,
                        std::vector<float> moment2) {
  parameters_ = std::move(parameters);
  if (!moment1.empty()) optimizer_.Restore(std::move(moment1), std::move(moment2));
  batch_gradient_.Load(parameters_);
}

absl::StatusOr<double> HostModel::MakeGradient(BatchSource& source, uint64_t step, std::optional<uint64_t>) {
  return batch_gradient_.Compute(source, step, absl::MakeSpan(gradient_));
}

absl::Status HostModel::Apply(uint64_t update, float learning_rate, double norm) {
  const absl::Status applied =
      optimizer_.Apply(update, learning_rate, norm, gradient_, absl::MakeSpan(parameters_));
  if (applied.ok()) batch_gradient_.Load(parameters_);
  return applied;
}

absl::StatusOr<TrainedModel::State> HostModel::WholeState() {
  if (shards() == nullptr) return OwnState();
  absl::StatusOr<ShardedOptimizer::Moments> gathered = optimizer_.Gather(absl::MakeSpan(gradient_));
  if (!gathered.ok()) return gathered.status();
  gathered_ = *std::move(gathered);
  return State{parameters_, gathered_.moment1, gathered_.moment2};
}

double HostModel::PeakFlops() const { return MeasurePeakFlops(plan_.precision, threads_); }

}  // namespace bonsai
