#include "evaluator/tracks/ranking_metric.h"

#include <cmath>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

v1::LeaderboardRow Row() {
  v1::LeaderboardRow row;
  v1::SuiteResult* suite = row.add_suites();
  suite->set_suite("commonsenseqa");
  v1::MetricResult* metric = suite->add_metrics();
  metric->set_name("acc");
  metric->set_value(0.25);
  v1::BenchmarkReport* emulated = row.add_benchmarks();
  emulated->set_target("duo-64m");
  emulated->set_emulated(true);
  emulated->set_peak_memory_bytes(1000);
  v1::BenchmarkReport* board = row.add_benchmarks();
  board->set_target("duo-64m");
  board->mutable_decode_tokens_per_second()->set_mean(24.3);
  return row;
}

std::optional<double> Find(absl::string_view name, const v1::LeaderboardRow& row) {
  return FindRankingValue(name, row.suites(), row.benchmarks());
}

TEST(RankingMetric, FindsASuitesMetric) {
  EXPECT_EQ(Find("commonsenseqa/acc", Row()), 0.25);
  EXPECT_EQ(Find("commonsenseqa/f1", Row()), std::nullopt);
  EXPECT_EQ(Find("bits_per_byte/acc", Row()), std::nullopt);
}

TEST(RankingMetric, TakesTheFirstReportThatMeasuredTheFigure) {
  EXPECT_EQ(Find("benchmark/duo-64m/decode_tokens_per_second", Row()), 24.3);
  EXPECT_EQ(Find("benchmark/duo-64m/peak_memory_bytes", Row()), 1000);
  EXPECT_EQ(Find("benchmark/host/decode_tokens_per_second", Row()), std::nullopt);
  EXPECT_EQ(Find("benchmark/duo-64m/bundle_bytes", Row()), std::nullopt);
}

TEST(RankingMetric, IgnoresWhatIsNotANumber) {
  v1::LeaderboardRow row = Row();
  row.mutable_suites(0)->mutable_metrics(0)->set_value(std::nan(""));
  EXPECT_EQ(Find("commonsenseqa/acc", row), std::nullopt);
}

TEST(RankingMetric, ChecksNames) {
  EXPECT_TRUE(CheckRankingMetricName("bits_per_byte/bits_per_byte").ok());
  EXPECT_TRUE(CheckRankingMetricName("benchmark/host/bundle_bytes").ok());
  for (const char* bad : {"", "acc", "/acc", "a/b/c", "benchmark/host", "benchmark/host/speed", "a/"}) {
    EXPECT_EQ(CheckRankingMetricName(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace bonsai
