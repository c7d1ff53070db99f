#include "worker/train/run_meter.h"

#include <gtest/gtest.h>

#include <map>

namespace bonsai {
namespace {

ParameterLayout LayoutOf(bool tied) {
  edge::ModelConfig config;
  config.dim = 16;
  config.hidden_dim = 24;
  config.layers = 3;
  config.heads = config.kv_heads = 2;
  config.head_dim = 8;
  config.vocab_size = 30;
  config.max_seq_len = 8;
  config.tied_embeddings = tied;
  return *ParameterLayout::Create(config);
}

std::map<std::string, double> Sample(RunMeter& meter, absl::Time now) {
  const Metrics metrics = meter.Sample(now);
  return {metrics.begin(), metrics.end()};
}

TEST(RunMeter, RatesAreSinceTheLastSampleAndSharesOfTheAttempt) {
  const absl::Time begin = absl::UnixEpoch();
  RunMeter meter(LayoutOf(true), 1e9, 1000, begin);
  meter.Count({200, 8, 0.5, 0.25});
  auto sample = Sample(meter, begin + absl::Seconds(2));
  EXPECT_EQ(sample["tokens"], 1200);
  EXPECT_EQ(sample["tokens_per_second"], 100);
  EXPECT_EQ(sample["checkpoint_stall_seconds"], 0.5);
  EXPECT_EQ(sample["checkpoint_stall_share"], 0.25);
  EXPECT_EQ(sample["data_wait_share"], 0.125);
  EXPECT_GT(sample["memory_bytes"], 1 << 20);
  meter.Count({600, 8, 0, 0});
  sample = Sample(meter, begin + absl::Seconds(4));
  EXPECT_EQ(sample["tokens_per_second"], 300);
  EXPECT_EQ(sample["checkpoint_stall_share"], 0.125);
  EXPECT_EQ(meter.tokens(), 1800u);
}

TEST(RunMeter, UtilizationCountsTheOutputProjectionOnce) {
  for (const bool tied : {true, false}) {
    const ParameterLayout layout = LayoutOf(tied);
    RunMeter meter(layout, 1e6, 0, absl::UnixEpoch());
    meter.Count({10, 8, 0, 0});
    const double parameters = static_cast<double>(layout.size()) - (tied ? 0 : 30 * 16);
    const double flops = 10 * (6 * parameters + 12 * 3 * 16 * 8);
    EXPECT_NEAR(Sample(meter, absl::UnixEpoch() + absl::Seconds(1))["model_flops_utilization"], flops / 1e6,
                1e-9);
  }
}

TEST(RunMeter, UtilizationCountsSharedWeightsOnceForEachOfTheirLayers) {
  edge::ModelConfig config = LayoutOf(true).config();
  const ParameterLayout apart = *ParameterLayout::Create(config);
  config.layers_per_weights = 3;
  const ParameterLayout shared = *ParameterLayout::Create(config);
  ASSERT_LT(shared.size(), apart.size());
  RunMeter one(apart, 1e6, 0, absl::UnixEpoch()), other(shared, 1e6, 0, absl::UnixEpoch());
  one.Count({10, 8, 0, 0});
  other.Count({10, 8, 0, 0});
  const absl::Time later = absl::UnixEpoch() + absl::Seconds(1);
  EXPECT_EQ(Sample(one, later)["model_flops_utilization"], Sample(other, later)["model_flops_utilization"]);
}

TEST(RunMeter, PeakGrowsWithTheThreads) {
  EXPECT_GT(MeasurePeakFlops(v1::F32, 1), 1e7);
  EXPECT_GT(MeasurePeakFlops(v1::F32, 1000), MeasurePeakFlops(v1::F32, 1));
}

}  // namespace
}  // namespace bonsai
