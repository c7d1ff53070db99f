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
  emulated->mutable_decode_tokens_per_second()->set_mean(99);
  v1::BenchmarkReport* board = row.add_benchmarks();
  board->set_target("duo-64m");
  board->mutable_decode_tokens_per_second()->set_mean(24.3);
  board->set_peak_memory_bytes(2000);
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
  EXPECT_EQ(Find("benchmark/duo-64m/peak_memory_bytes", Row()), 2000);
  EXPECT_EQ(Find("benchmark/host/decode_tokens_per_second", Row()), std::nullopt);
  EXPECT_EQ(Find("benchmark/duo-64m/bundle_bytes", Row()), std::nullopt);
}

TEST(RankingMetric, IgnoresWhatIsNotANumber) {
  v1::LeaderboardRow row = Row();
  row.mutable_suites(0)->mutable_metrics(0)->set_value(std::nan(""));
  EXPECT_EQ(Find("commonsenseqa/acc", row), std::nullopt);
}

TEST(RankingMetric, AnEmulatedDeviceMeasuresOnlyTheSizeOfItsBundle) {
  v1::LeaderboardRow row = Row();
  row.mutable_benchmarks()->DeleteSubrange(1, 1);
  row.mutable_benchmarks(0)->set_bundle_bytes(77);
  EXPECT_EQ(Find("benchmark/duo-64m/decode_tokens_per_second", row), std::nullopt);
  EXPECT_EQ(Find("benchmark/duo-64m/peak_memory_bytes", row), std::nullopt);
  EXPECT_EQ(Find("benchmark/duo-64m/bundle_bytes", row), 77);
}

TEST(RankingMetric, AProfileSaysWhoseRulesCount) {
  v1::LeaderboardRow row = Row();
  row.mutable_suites(0)->set_profile("lmeval 0.4");
  v1::SuiteResult* other = row.add_suites();
  *other = row.suites(0);
  other->set_profile("opencompass: 0.3.1");
  other->mutable_metrics(0)->set_value(0.5);
  EXPECT_EQ(Find("commonsenseqa/acc", row), 0.25);
  EXPECT_EQ(Find("commonsenseqa@lmeval/acc", row), 0.25);
  EXPECT_EQ(Find("commonsenseqa@opencompass/acc", row), 0.5);
  EXPECT_EQ(Find("commonsenseqa@opencompass: 0.3.1/acc", row), 0.5);
  EXPECT_EQ(Find("commonsenseqa@open/acc", row), std::nullopt);
}

TEST(RankingMetric, ASuitesNameMayHoldASlash) {
  v1::LeaderboardRow row = Row();
  row.mutable_suites(0)->set_suite("bbh/word_sorting");
  EXPECT_EQ(Find("bbh/word_sorting/acc", row), 0.25);
  EXPECT_EQ(Find("bbh/acc", row), std::nullopt);
}

TEST(RankingMetric, ChecksNames) {
  EXPECT_TRUE(CheckMetricName("bits_per_byte/bits_per_byte").ok());
  EXPECT_TRUE(CheckMetricName("bbh@opencompass/acc").ok());
  EXPECT_TRUE(CheckMetricName("bbh/word_sorting/acc").ok());
  EXPECT_TRUE(CheckMetricName("benchmark/host/bundle_bytes").ok());
  for (const char* bad : {"", "acc", "/acc", "a//c", "benchmark/host", "benchmark/host/speed", "a/"}) {
    EXPECT_EQ(CheckMetricName(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace bonsai
