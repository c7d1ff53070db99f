#include "worker/train/llama_step.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "worker/train/thread_share.h"

namespace bonsai {
namespace {

// Values of a gradient that a thread adds up at a time.
constexpr int64_t kBlock = 1 << 16;

// Adds up the gradients of several shares from the end to the front while they are still being made. Whoever
// makes more of it final does the adding, and nobody waits for that.
class RunningSum {
 public:
  // `add(begin, end)` adds up a range.
  RunningSum(size_t shares, int64_t size, std::function<void(int64_t, int64_t)> add,
             const FinalFrom& final_from)
      : first_(shares, size), begin_(size), add_(std::move(add)), final_from_(final_from) {}

  // The values of share `share` from `first` on are final.
  void FinalFromOf(size_t share, int64_t first) {
    std::unique_lock<std::mutex> lock(mutex_);
    first_[share] = first;
    if (adding_) return;
    adding_ = true;
    for (int64_t ready; (ready = *std::max_element(first_.begin(), first_.end())) < begin_;) {
      const int64_t end = std::exchange(begin_, ready);
      lock.unlock();
      add_(ready, end);
      final_from_(ready);
      lock.lock();
    }
    adding_ = false;
  }

  // What is added up, once all shares are done.
  int64_t begin() const { return begin_; }

 private:
  std::mutex mutex_;
  std::vector<int64_t> first_;  // of each share
  int64_t begin_;
  bool adding_ = false;
  const std::function<void(int64_t, int64_t)> add_;
  const FinalFrom& final_from_;
};

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
      losses[t] = passes_[t]->AddGradient(share, scale, GradientOf(t, gradient));
    });
    AddUp(Shares(batch), gradient, static_cast<int64_t>(gradient.size()));
    return SumOf(losses);
  }

  double StreamGradient(const TokenBatch& batch, float scale, absl::Span<float> gradient,
                        const FinalFrom& final_from) override {
    const size_t shares = Shares(batch);
    if (shares == 1) return passes_[0]->StreamGradient(batch, scale, gradient, final_from);
    std::vector<double> losses(passes_.size(), 0.0);
    RunningSum sum(
        shares, static_cast<int64_t>(gradient.size()),
        [&](int64_t begin, int64_t end) { AddShares(shares, gradient, begin, end); }, final_from);
    ForEachShare(batch, [&](size_t t, const TokenBatch& share) {
      losses[t] = passes_[t]->StreamGradient(share, scale, GradientOf(t, gradient), [&](int64_t first) {
        // The last of it is left to all threads.
        if (first > 0) sum.FinalFromOf(t, first);
      });
    });
    AddUp(shares, gradient, sum.begin());
    final_from(0);
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

  // Where share t adds its gradient.
  absl::Span<float> GradientOf(size_t t, absl::Span<float> gradient) {
    if (t == 0) return gradient;
    std::fill(gradients_[t - 1].begin(), gradients_[t - 1].end(), 0.0f);
    return absl::MakeSpan(gradients_[t - 1]);
  }

  void AddShares(size_t shares, absl::Span<float> gradient, int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += kBlock) {
      const int64_t count = std::min(kBlock, end - first);
      for (size_t t = 1; t < shares; ++t) {
        kernels_.add(gradient.data() + first, gradients_[t - 1].data() + first, count);
      }
    }
  }

  // The first `size` values, by all threads.
  void AddUp(size_t shares, absl::Span<float> gradient, int64_t size) {
    if (shares < 2) return;
    ShareOut(passes_.size(), static_cast<size_t>((size + kBlock - 1) / kBlock), [&](size_t, size_t i) {
      const int64_t first = static_cast<int64_t>(i) * kBlock;
      AddShares(shares, gradient, first, std::min(first + kBlock, size));
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
