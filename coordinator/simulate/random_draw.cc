#include "coordinator/simulate/random_draw.h"

#include <algorithm>
#include <cmath>

namespace bonsai {
namespace {

// A day longer than any simulation: what a wide distribution draws stays a time.
constexpr double kSecondsMax = 366.0 * 24 * 3600 * 10;

}  // namespace

RandomDraw::RandomDraw(uint64_t seed, uint64_t stream) {
  std::seed_seq sequence = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32),
                            static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)};
  engine_.seed(sequence);
}

double RandomDraw::Uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }

double RandomDraw::Exponential(double mean) { return -mean * std::log(Uniform()); }

double RandomDraw::Normal() {
  const double radius = std::sqrt(-2 * std::log(Uniform()));
  return radius * std::cos(2 * M_PI * Uniform());
}

absl::Duration RandomDraw::Draw(const v1::DurationDistribution& distribution) {
  double seconds = 0;
  switch (distribution.distribution_case()) {
    case v1::DurationDistribution::kFixedSeconds:
      seconds = distribution.fixed_seconds();
      break;
    case v1::DurationDistribution::kExponentialMeanSeconds:
      seconds = Exponential(distribution.exponential_mean_seconds());
      break;
    case v1::DurationDistribution::kUniform: {
      const auto& uniform = distribution.uniform();
      seconds = uniform.min_seconds() + Uniform() * (uniform.max_seconds() - uniform.min_seconds());
      break;
    }
    case v1::DurationDistribution::kLogNormal:
      seconds =
          distribution.log_normal().median_seconds() * std::exp(distribution.log_normal().sigma() * Normal());
      break;
    case v1::DurationDistribution::DISTRIBUTION_NOT_SET:
      break;
  }
  return std::max(absl::Seconds(std::min(seconds, kSecondsMax)), absl::Milliseconds(1));
}

}  // namespace bonsai
