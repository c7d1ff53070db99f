#include "worker/train/llama_step.h"

#include <algorithm>
#include <vector>

#include "worker/train/thread_share.h"

namespace bonsai {
namespace {

// Values of a gradient that a thread adds up at a time.
constexpr int64_t kBlock = 1 << 16;

class LlamaStep final : public TrainStep {
 public:
  LlamaStep(const ParameterLayout& layout, const Kernels& kernels, int threads,
            const LlamaPassOptions& options)
      : kernels_(kernels), weights_(layout, options.precision, threads) {
    for (int t = 0; t < threads; ++t) passes_.push_back(CreateLlamaPass(layout, kernels, weights_, options));
    gradients_.resize(threads - 1, std::vector<float>(layout.size()));
  }

  void Load(absl::Span<const float> parameters) override { weights_.Load(parameters); }

  double AddGradient(const TokenBatch& batch, float scale, absl::Span<float> gradient) override {
    std::vector<double> losses(passes_.size(), 0.0);
    ForEachShare(batch, [&](size_t t, const TokenBatch& share) {
      absl::Span<float> own = gradient;
      if (t > 0) {
        std::fill(gradients_[t - 1].begin(), gradients_[t - 1].end(), 0.0f);
        own = absl::MakeSpan(gradients_[t - 1]);
      }
      losses[t] = passes_[t]->AddGradient(share, scale, own);
    });
    AddUp(Shares(batch), gradient);
    return SumOf(losses);
  }

  double Loss(const TokenBatch& batch) override {
    std::vector<double> losses(passes_.size(), 0.0);
    ForEachShare(batch, [&](size_t t, const TokenBatch& share) { losses[t] = passes_[t]->Loss(share); });
    return SumOf(losses);
  }

  void Logits(const TokenBatch& batch, absl::Span<float> logits) override {
    passes_[0]->Logits(batch, logits);
  }

 private:
  static double SumOf(const std::vector<double>& losses) {
    double sum = 0;
    for (const double loss : losses) sum += loss;
    return sum;
  }

  size_t Shares(const TokenBatch& batch) const {
    return std::min(passes_.size(), static_cast<size_t>(std::max<int64_t>(1, batch.rows)));
  }

  template <typename Work>
  void ForEachShare(const TokenBatch& batch, const Work& work) {
    const int64_t shares = static_cast<int64_t>(Shares(batch));
    ShareOut(passes_.size(), static_cast<size_t>(shares), [&](size_t, size_t i) {
      const int64_t share = static_cast<int64_t>(i);
      const int64_t first = batch.rows * share / shares, end = batch.rows * (share + 1) / shares;
      work(i, batch.Slice(first, end - first));
    });
  }

  void AddUp(size_t shares, absl::Span<float> gradient) {
    const int64_t size = static_cast<int64_t>(gradient.size());
    if (shares < 2) return;
    ShareOut(passes_.size(), static_cast<size_t>((size + kBlock - 1) / kBlock), [&](size_t, size_t i) {
      const int64_t first = static_cast<int64_t>(i) * kBlock, count = std::min(kBlock, size - first);
      for (size_t t = 1; t < shares; ++t) {
        kernels_.add(gradient.data() + first, gradients_[t - 1].data() + first, count);
      }
    });
  }

  const Kernels& kernels_;
  LlamaWeights weights_;
  std::vector<std::unique_ptr<BatchPass>> passes_;
  std::vector<std::vector<float>> gradients_;  // of all passes but the first
};

}  // namespace

std::unique_ptr<TrainStep> CreateLlamaStep(const ParameterLayout& layout, const Kernels& kernels, int threads,
                                           const LlamaPassOptions& options) {
  return std::make_unique<LlamaStep>(layout, kernels, std::max(1, threads), options);
}

}  // namespace bonsai
