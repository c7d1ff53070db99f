#include "worker/train/cuda/device_step.h"

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace bonsai::cuda {
namespace {

constexpr double kSumSecondsMax = 300;

HostBatch HostBatchOf(const TokenBatch& batch) {
  if (batch.begins != nullptr) {
    // WhyNotOnGpu keeps such batches away; to train across documents would go unnoticed.
    std::fprintf(stderr, "DeviceStep: a batch with documents that share rows\n");
    std::abort();
  }
  return {batch.rows, batch.positions, batch.tokens, batch.targets};
}

class DeviceStep final : public TrainStep {
 public:
  DeviceStep(const ParameterLayout& layout, std::unique_ptr<StepDevice> device,
             const ResidentOptions& options, std::unique_ptr<GradientReducer> reducer)
      : device_(std::move(device)),
        reducer_(std::move(reducer)),
        model_(*device_, layout.config(), options, reducer_.get()),
        read_(layout.size()) {}

  bool SumsOverRanks() const override { return reducer_ != nullptr; }

  void Load(absl::Span<const float> parameters) override { model_.Load(parameters.data(), nullptr, nullptr); }

  double AddGradient(const TokenBatch& batch, float scale, absl::Span<float> gradient) override {
    model_.ClearGradient();
    model_.QueueGradient(HostBatchOf(batch), scale);
    const std::string why = reducer_ == nullptr ? "" : reducer_->Await(kSumSecondsMax);
    if (!why.empty()) {
      std::fprintf(stderr, "DeviceStep: %s\n", why.c_str());
      std::abort();  // there is no gradient to go on with, and the attempt is tried again
    }
    const double loss = model_.TakeLoss();
    model_.ReadGradient(read_.data());
    for (size_t i = 0; i < read_.size(); ++i) gradient[i] += read_[i];
    return loss;
  }

  double Loss(const TokenBatch& batch) override { return model_.Loss(HostBatchOf(batch)); }

  void Logits(const TokenBatch& batch, absl::Span<float> logits) override {
    model_.Logits(HostBatchOf(batch), logits.data());
  }

 private:
  const std::unique_ptr<StepDevice> device_;
  const std::unique_ptr<GradientReducer> reducer_;
  ResidentModel model_;
  std::vector<float> read_;
};

}  // namespace

std::unique_ptr<TrainStep> CreateDeviceStep(const ParameterLayout& layout, std::unique_ptr<StepDevice> device,
                                            const ResidentOptions& options,
                                            std::unique_ptr<GradientReducer> reducer) {
  return std::make_unique<DeviceStep>(layout, std::move(device), options, std::move(reducer));
}

}  // namespace bonsai::cuda
