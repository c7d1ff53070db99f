// A model that is trained in this process's memory: BatchGradient's gradients, made on the CPU or by a step
// on a GPU, and ShardedOptimizer's updates. As TrainedModel says.
#ifndef BONSAI_WORKER_TRAIN_HOST_MODEL_H_
#define BONSAI_WORKER_TRAIN_HOST_MODEL_H_

#include <memory>
#include <vector>

#include "worker/train/batch_gradient.h"
#include "worker/train/sharded_optimizer.h"
#include "worker/train/trained_model.h"

namespace bonsai {

class HostModel final : public TrainedModel {
 public:
  // As BatchGradient's and ShardedOptimizer's; all but `step` outlive this.
  HostModel(RankGroup& group, const ParameterLayout& layout, const TrainingPlan& plan, int threads,
            LowRankModel* low_rank = nullptr, std::unique_ptr<TrainStep> step = nullptr);

  void Restore(std::vector<float> parameters, std::vector<float> moment1,
               std::vector<float> moment2) override;
  absl::StatusOr<double> MakeGradient(BatchSource& source, uint64_t step,
                                      std::optional<uint64_t> next) override;
  double TakeWaitSeconds() override { return batch_gradient_.TakeWaitSeconds(); }
  absl::StatusOr<double> Norm() override { return optimizer_.Norm(gradient_); }
  absl::Status Apply(uint64_t update, float learning_rate, double norm) override;
  double Loss(const TokenBatch& batch) override { return batch_gradient_.Loss(batch); }
  absl::Span<const float> Parameters() override { return parameters_; }
  State OwnState() override { return {parameters_, optimizer_.moment1(), optimizer_.moment2()}; }
  absl::StatusOr<State> WholeState() override;
  std::vector<float> TakeParameters() override { return std::move(parameters_); }
  const ShardMap* shards() const override { return optimizer_.shards(); }
  const std::optional<std::vector<FlatRange>>& share() const override { return optimizer_.share(); }
  double PeakFlops() const override;

 private:
  const TrainingPlan& plan_;
  const int threads_;
  ShardedOptimizer optimizer_;
  BatchGradient batch_gradient_;
  std::vector<float> parameters_, gradient_;
  ShardedOptimizer::Moments gathered_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_HOST_MODEL_H_
