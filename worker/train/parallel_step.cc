#include <algorithm>
#include <vector>

#include "worker/train/llama_step.h"
#include "worker/train/thread_share.h"

namespace bonsai {
namespace {

class ParallelStep final : public TrainStep {
 public:
  ParallelStep(const ParameterLayout& layout, const Kernels& kernels, int threads,
               const LlamaStepOptions& options)
      : kernels_(kernels) {
    for (int t = 0; t < threads; ++t) steps_.push_back(CreateLlamaStep(layout, kernels, options));
    gradients_.resize(threads - 1, std::vector<float>(layout.size()));
  }

  double AddGradient(const TokenBatch& batch, absl::Span<const float> parameters, float scale,
                     absl::Span<float> gradient) override {
    std::vector<double> losses(steps_.size(), 0.0);
    ForEachShare(batch, [&](size_t t, const TokenBatch& share) {
      absl::Span<float> own = gradient;
      if (t > 0) {
        std::fill(gradients_[t - 1].begin(), gradients_[t - 1].end(), 0.0f);
        own = absl::MakeSpan(gradients_[t - 1]);
      }
      losses[t] = steps_[t]->AddGradient(share, parameters, scale, own);
    });
    double loss = losses[0];
    for (size_t t = 1; t < Shares(batch); ++t) {
      kernels_.add(gradient.data(), gradients_[t - 1].data(), static_cast<int64_t>(gradient.size()));
      loss += losses[t];
    }
    return loss;
  }

  double Loss(const TokenBatch& batch, absl::Span<const float> parameters) override {
    std::vector<double> losses(steps_.size(), 0.0);
    ForEachShare(batch,
                 [&](size_t t, const TokenBatch& share) { losses[t] = steps_[t]->Loss(share, parameters); });
    double loss = 0;
    for (const double part : losses) loss += part;
    return loss;
  }

  void Logits(const TokenBatch& batch, absl::Span<const float> parameters,
              absl::Span<float> logits) override {
    steps_[0]->Logits(batch, parameters, logits);
  }

 private:
  size_t Shares(const TokenBatch& batch) const {
    return std::min(steps_.size(), static_cast<size_t>(std::max<int64_t>(1, batch.rows)));
  }

  template <typename Work>
  void ForEachShare(const TokenBatch& batch, const Work& work) {
    const int64_t shares = static_cast<int64_t>(Shares(batch));
    ShareOut(steps_.size(), shares, [&](size_t, size_t t) {
      const int64_t share = static_cast<int64_t>(t);
      const int64_t first = batch.rows * share / shares, end = batch.rows * (share + 1) / shares;
      work(t, batch.Slice(first, end - first));
    });
  }

  const Kernels& kernels_;
  std::vector<std::unique_ptr<TrainStep>> steps_;
  std::vector<std::vector<float>> gradients_;  // of all steps but the first
};

}  // namespace

std::unique_ptr<TrainStep> CreateParallelStep(const ParameterLayout& layout, const Kernels& kernels,
                                              int threads, const LlamaStepOptions& options) {
  if (threads <= 1) return CreateLlamaStep(layout, kernels, options);
  return std::make_unique<ParallelStep>(layout, kernels, threads, options);
}

}  // namespace bonsai
