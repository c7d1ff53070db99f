#include "evaluator/tracks/row_flags.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Flags = std::vector<std::string>;

v1::MetricResult Metric(const std::string& name, double value) {
  v1::MetricResult metric;
  metric.set_name(name);
  metric.set_value(value);
  return metric;
}

v1::LeaderboardRow Row() {
  v1::LeaderboardRow row;
  v1::SuiteResult* suite = row.add_suites();
  suite->set_suite("commonsenseqa");
  *suite->add_metrics() = Metric("acc", 0.25);
  *suite->add_metrics() = Metric("acc_norm", 0.1);
  return row;
}

void AddFloor(v1::MetricResult& metric, const std::string& name, double value) {
  v1::Floor* floor = metric.add_floors();
  floor->set_name(name);
  floor->set_value(value);
}

TEST(RowFlags, ARowWithoutFloorsHasNone) { EXPECT_EQ(FindFlags(v1::Track(), Row()), Flags()); }

TEST(RowFlags, DegenerateAnswersAreTold) {
  v1::LeaderboardRow row = Row();
  row.mutable_suites(0)->set_degenerate("answers A to every question");
  EXPECT_EQ(FindFlags(v1::Track(), row), Flags{"commonsenseqa: answers A to every question"});
}

TEST(RowFlags, AScoreMustBeAboveTheBestFloor) {
  v1::LeaderboardRow row = Row();
  v1::MetricResult& metric = *row.mutable_suites(0)->mutable_metrics(0);
  metric.set_floor(0.2);
  metric.set_floor_name("chance");
  AddFloor(metric, "chance", 0.2);
  AddFloor(metric, "constant answer C", 0.209);
  EXPECT_EQ(FindFlags(v1::Track(), row), Flags());
  metric.set_value(0.19);
  EXPECT_EQ(FindFlags(v1::Track(), row),
            Flags{"commonsenseqa/acc 0.19 is not above 0.209 (constant answer C)"});
  metric.set_value(0.209);
  EXPECT_EQ(FindFlags(v1::Track(), row).size(), 1u) << "as good as no model is not above it";
}

TEST(RowFlags, WhereLowerIsBetterTheFloorIsAbove) {
  v1::LeaderboardRow row = Row();
  v1::MetricResult& metric = *row.mutable_suites(0)->mutable_metrics(0);
  metric.set_lower_is_better(true);
  metric.set_floor(2.3);
  metric.set_floor_name("xz -9e");
  EXPECT_EQ(FindFlags(v1::Track(), row), Flags());
  metric.set_value(2.5);
  EXPECT_EQ(FindFlags(v1::Track(), row), Flags{"commonsenseqa/acc 2.5 is not below 2.3 (xz -9e)"});
}

TEST(RowFlags, OfASuitesOtherMetricsThoseOfTheTrackCount) {
  v1::LeaderboardRow row = Row();
  v1::MetricResult& second = *row.mutable_suites(0)->mutable_metrics(1);
  second.set_floor(0.2);
  EXPECT_EQ(FindFlags(v1::Track(), row), Flags());
  v1::Track track;
  track.set_ranking_metric("commonsenseqa/acc_norm");
  EXPECT_EQ(FindFlags(track, row), Flags{"commonsenseqa/acc_norm 0.1 is not above 0.2"});
}

TEST(RowFlags, TellsWhatWasNotMeasured) {
  v1::Track track;
  for (const char* name : {"commonsenseqa", "gsm8k"}) {
    v1::Track::Task* task = track.add_tasks();
    task->set_name(name);
    task->set_metric(std::string(name) + "/acc");
  }
  track.set_max_peak_memory_bytes(100);
  v1::LeaderboardRow row = Row();
  v1::BenchmarkReport* emulated = row.add_benchmarks();
  emulated->set_emulated(true);
  emulated->set_peak_memory_bytes(5);
  EXPECT_EQ(FindFlags(track, row), Flags{"not measured: gsm8k, peak memory"});
}

TEST(RowFlags, QuestionsFromTheTrainingDataAreTold) {
  v1::LeaderboardRow row = Row();
  row.mutable_suites(0)->set_overlap(0);
  EXPECT_EQ(FindFlags(v1::Track(), row), Flags());
  row.mutable_suites(0)->set_overlap(0.125);
  EXPECT_EQ(FindFlags(v1::Track(), row),
            Flags{"commonsenseqa: 12.5% of its questions stand in the training data"});
}

}  // namespace
}  // namespace bonsai
