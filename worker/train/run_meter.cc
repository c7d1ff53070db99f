#include "worker/train/run_meter.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "worker/train/packed_matmul.h"
#include "worker/train/run_estimate.h"

namespace bonsai {

RunMeter::RunMeter(const ParameterLayout& layout, double peak_flops, uint64_t tokens, absl::Time now)
    : peak_flops_(peak_flops), begun_(now), sampled_(now), tokens_(tokens), sampled_tokens_(tokens) {
  token_flops_ = TokenFlops(layout.config(), 0);
  position_token_flops_ = TokenFlops(layout.config(), 1) - token_flops_;
}

void RunMeter::Count(const StepCost& cost) {
  tokens_ += cost.tokens;
  const double each = token_flops_ + position_token_flops_ * static_cast<double>(cost.positions);
  flops_ += static_cast<double>(cost.tokens) * each;
  stall_seconds_ += cost.checkpoint_stall_seconds;
  wait_seconds_ += cost.data_wait_seconds;
}

void RunMeter::GoBack(uint64_t tokens) {
  sampled_tokens_ += tokens - tokens_;  // modulo 2^64, as their difference is
  tokens_ = tokens;
}

double RunMeter::TakeStallSeconds() { return stall_seconds_ - std::exchange(stall_taken_, stall_seconds_); }

double RunMeter::elapsed_seconds(absl::Time now) const {
  return std::max(1e-9, absl::ToDoubleSeconds(now - begun_));
}

Metrics RunMeter::Sample(absl::Time now) {
  const double seconds = std::max(1e-9, absl::ToDoubleSeconds(now - sampled_));
  const double elapsed = elapsed_seconds(now);
  Metrics metrics = {{"tokens_per_second", static_cast<double>(tokens_ - sampled_tokens_) / seconds},
                     {"tokens", static_cast<double>(tokens_)},
                     {"model_flops_utilization", flops_ / seconds / peak_flops_},
                     {"memory_bytes", PeakMemoryBytes()},
                     {"checkpoint_stall_seconds", stall_seconds_},
                     {"checkpoint_stall_share", stall_seconds_ / elapsed},
                     {"data_wait_share", wait_seconds_ / elapsed}};
  sampled_ = now;
  sampled_tokens_ = tokens_;
  flops_ = 0;
  return metrics;
}

double PeakMemoryBytes() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

double MeasurePeakFlops(v1::Precision precision, int threads) {
  constexpr int64_t kSize = 512;  // all three matrices fit into a second-level cache
  constexpr int kTries = 5;
  const std::vector<float> a(kSize * kSize, 0.5f);
  std::vector<float> c(kSize * kSize);
  PackedMatrix b(precision);
  b.Pack(kSize, kSize, {a.data(), kSize});
  double best = 0;
  for (int i = 0; i <= kTries; ++i) {
    const absl::Time begin = absl::Now();
    Multiply(kSize, {a.data(), kSize}, b, 0, c.data(), kSize);
    const double seconds = std::max(1e-9, absl::ToDoubleSeconds(absl::Now() - begin));
    // The first makes the kernel.
    if (i > 0) best = std::max(best, 2.0 * kSize * kSize * kSize / seconds);
  }
  return best * threads;
}

}  // namespace bonsai
