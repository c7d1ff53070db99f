#include "evaluator/tracks/task_scores.h"

#include <cmath>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

v1::Track TwoTasks() {
  v1::Track track;
  for (const char* name : {"a", "b"}) {
    v1::Track::Task* task = track.add_tasks();
    task->set_name(name);
    task->set_metric(std::string(name) + "/acc");
    task->set_in_geometric_mean(true);
  }
  v1::Track::Task* speed = track.add_tasks();
  speed->set_name("Throughput");
  speed->set_metric("benchmark/host/decode_tokens_per_second");
  return track;
}

v1::LeaderboardRow Row(const std::vector<std::pair<std::string, double>>& scores) {
  v1::LeaderboardRow row;
  for (const auto& [suite, value] : scores) {
    v1::SuiteResult* result = row.add_suites();
    result->set_suite(suite);
    v1::MetricResult* metric = result->add_metrics();
    metric->set_name("acc");
    metric->set_value(value);
  }
  return row;
}

std::optional<double> Mean(const v1::Track& track, const v1::LeaderboardRow& row) {
  return FindGeometricMean(track, row.suites(), row.benchmarks());
}

TEST(TaskScores, TheMeanIsTheRootOfTheProduct) {
  EXPECT_NEAR(*Mean(TwoTasks(), Row({{"a", 0.2}, {"b", 0.8}})), 0.4, 1e-12);
}

TEST(TaskScores, AZeroCountsAsTheEpsilon) {
  v1::Track track = TwoTasks();
  EXPECT_NEAR(*Mean(track, Row({{"a", 0}, {"b", 0.9}})), std::sqrt(0.001 * 0.9), 1e-12);
  track.set_geometric_mean_epsilon(0.01);
  EXPECT_NEAR(*Mean(track, Row({{"a", 0.001}, {"b", 0.9}})), std::sqrt(0.01 * 0.9), 1e-12);
}

TEST(TaskScores, LeavingATaskOutIsWorthNoMoreThanFailingIt) {
  EXPECT_EQ(Mean(TwoTasks(), Row({{"b", 0.9}})), Mean(TwoTasks(), Row({{"a", 0}, {"b", 0.9}})));
}

TEST(TaskScores, WithoutAnyMeasuredTaskThereIsNoMean) {
  EXPECT_EQ(Mean(TwoTasks(), Row({{"c", 0.5}})), std::nullopt);
  EXPECT_EQ(Mean(v1::Track(), Row({{"a", 0.5}})), std::nullopt);
}

TEST(TaskScores, CountsTasksInsideAndOutsideOfTheMean) {
  v1::LeaderboardRow row = Row({{"a", 0.5}});
  v1::BenchmarkReport* host = row.add_benchmarks();
  host->set_target("host");
  host->mutable_decode_tokens_per_second()->set_mean(3);
  EXPECT_EQ(CountMeasuredTasks(TwoTasks(), row.suites(), row.benchmarks()), 2);
}

}  // namespace
}  // namespace bonsai
