#include "evaluator/tracks/track_rules.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

v1::Track StrictTrack() {
  v1::Track track;
  track.set_name("strict");
  track.add_allowed_datasets("c4");
  track.add_allowed_datasets("alpaca");
  track.set_max_parameters(1000);
  track.set_max_peak_memory_bytes(5000);
  track.add_allowed_dtypes("F32");
  track.set_ranking_metric("bits_per_byte/bits_per_byte");
  track.set_ranking_lower_is_better(true);
  return track;
}

SubmissionFacts GoodFacts() {
  SubmissionFacts facts;
  facts.datasets = {"c4"};
  facts.parameters = 1000;
  facts.dtypes = {"F32"};
  v1::SuiteResult suite;
  suite.set_suite("bits_per_byte");
  v1::MetricResult* metric = suite.add_metrics();
  metric->set_name("bits_per_byte");
  metric->set_value(2.2);
  facts.suites.push_back(suite);
  v1::BenchmarkReport report;
  report.set_target("host");
  report.set_peak_memory_bytes(5000);
  facts.benchmarks.push_back(report);
  return facts;
}

std::vector<std::string> FailedRules(const v1::Track& track, const SubmissionFacts& facts) {
  std::vector<std::string> failed;
  for (const v1::RuleResult& result : CheckTrack(track, facts)) {
    EXPECT_FALSE(result.why().empty()) << result.rule();
    if (!result.passed()) failed.push_back(result.rule());
  }
  return failed;
}

using Names = std::vector<std::string>;

std::string Why(const v1::Track& track, const SubmissionFacts& facts, const std::string& rule) {
  for (const v1::RuleResult& result : CheckTrack(track, facts)) {
    if (result.rule() == rule) return result.why();
  }
  return "there is no such rule";
}

TEST(TrackRules, PassesAtEveryLimit) { EXPECT_EQ(FailedRules(StrictTrack(), GoodFacts()), Names()); }

TEST(TrackRules, ListsEveryRuleInAFixedOrder) {
  Names rules;
  for (const v1::RuleResult& result : CheckTrack(v1::Track(), SubmissionFacts()))
    rules.push_back(result.rule());
  EXPECT_EQ(rules, (Names{"datasets", "source_days", "parameters", "model_bytes", "dtypes", "peak_memory",
                          "required_metrics", "ranking_metric", "degenerate", "budget"}));
}

TEST(TrackRules, RefusesAForbiddenDatasetAndNamesIt) {
  SubmissionFacts facts = GoodFacts();
  facts.datasets = {"c4", "commonsenseqa", "commonsenseqa"};
  EXPECT_EQ(FailedRules(StrictTrack(), facts), Names{"datasets"});
  EXPECT_EQ(CheckTrack(StrictTrack(), facts)[0].why(),
            "the model's lineage holds commonsenseqa; allowed: c4, alpaca");
  EXPECT_EQ(ForbiddenDatasets(StrictTrack(), facts.datasets), Names{"commonsenseqa"});
}

TEST(TrackRules, RefusesAModelWhoseDataIsUnknown) {
  SubmissionFacts facts = GoodFacts();
  facts.datasets.clear();
  EXPECT_EQ(FailedRules(StrictTrack(), facts), Names{"datasets"});
}

TEST(TrackRules, AnEmptyListAllowsAnyDataset) {
  v1::Track track = StrictTrack();
  track.clear_allowed_datasets();
  SubmissionFacts facts = GoodFacts();
  facts.datasets = {"anything"};
  EXPECT_EQ(FailedRules(track, facts), Names());
}

TEST(TrackRules, RefusesOneParameterTooMany) {
  SubmissionFacts facts = GoodFacts();
  facts.parameters = 1001;
  EXPECT_EQ(FailedRules(StrictTrack(), facts), Names{"parameters"});
}

TEST(TrackRules, RefusesAForbiddenDtypeAmongAllowedOnes) {
  SubmissionFacts facts = GoodFacts();
  facts.dtypes = {"F32", "BF16"};
  EXPECT_EQ(FailedRules(StrictTrack(), facts), Names{"dtypes"});
}

TEST(TrackRules, RefusesOneByteTooMuchOnAnyDevice) {
  SubmissionFacts facts = GoodFacts();
  facts.benchmarks.push_back(facts.benchmarks[0]);
  facts.benchmarks[1].set_peak_memory_bytes(5001);
  facts.benchmarks[1].set_target("duo-64m");
  EXPECT_EQ(FailedRules(StrictTrack(), facts), Names{"peak_memory"});
  EXPECT_NE(Why(StrictTrack(), facts, "peak_memory").find("5001 bytes on duo-64m"), std::string::npos);
}

TEST(TrackRules, AMemoryLimitNeedsAMeasurement) {
  SubmissionFacts facts = GoodFacts();
  facts.benchmarks[0].clear_peak_memory_bytes();
  EXPECT_EQ(FailedRules(StrictTrack(), facts), Names{"peak_memory"});
}

TEST(TrackRules, WhatAnEmulatorNeededIsNoMeasurement) {
  SubmissionFacts facts = GoodFacts();
  facts.benchmarks[0].set_emulated(true);
  EXPECT_EQ(FailedRules(StrictTrack(), facts), Names{"peak_memory"});
}

TEST(TrackRules, RefusesOneByteOfWeightsTooMany) {
  v1::Track track = StrictTrack();
  track.set_max_model_bytes(4000);
  SubmissionFacts facts = GoodFacts();
  facts.model_bytes = 4000;
  EXPECT_EQ(FailedRules(track, facts), Names());
  facts.model_bytes = 4001;
  EXPECT_EQ(FailedRules(track, facts), Names{"model_bytes"});
  EXPECT_EQ(Why(track, facts, "model_bytes"), "4001 bytes of weights; at most 4000");
}

TEST(TrackRules, NothingMayBePublishedAfterTheLatestDay) {
  v1::Track track = StrictTrack();
  track.set_latest_source_day("2024-05-30");
  SubmissionFacts facts = GoodFacts();
  v1::DatasetSource source;
  source.set_dataset("c4");
  source.set_published("2024-05-30");
  facts.sources = {source};
  EXPECT_EQ(FailedRules(track, facts), Names());
  source.set_published("2024-05-31");
  facts.sources.push_back(source);
  EXPECT_EQ(FailedRules(track, facts), Names{"source_days"});
  EXPECT_EQ(Why(track, facts, "source_days"), "c4 was published on 2024-05-31; allowed: until 2024-05-30");
  for (const char* undated : {"", "2024", "2024-13-01", "May 2024", "2024-1-1"}) {
    facts.sources[1].set_published(undated);
    EXPECT_EQ(FailedRules(track, facts), Names{"source_days"}) << undated;
  }
}

TEST(TrackRules, RefusesASubmissionWithoutARequiredMetric) {
  v1::Track track = StrictTrack();
  track.add_required_metrics("bits_per_byte/bits_per_byte");
  track.add_required_metrics("gsm8k@opencompass/acc");
  EXPECT_EQ(FailedRules(track, GoodFacts()), Names{"required_metrics"});
  EXPECT_EQ(Why(track, GoodFacts(), "required_metrics"),
            "no report of this submission measured gsm8k@opencompass/acc");
}

TEST(TrackRules, DegenerateAnswersAreRefusedOrTold) {
  v1::Track track = StrictTrack();
  SubmissionFacts facts = GoodFacts();
  facts.suites[0].set_degenerate("answers A to every question");
  EXPECT_EQ(FailedRules(track, facts), Names());
  EXPECT_EQ(Why(track, facts, "degenerate"), "only flagged: bits_per_byte: answers A to every question");
  track.set_refuse_degenerate(true);
  EXPECT_EQ(FailedRules(track, facts), Names{"degenerate"});
  EXPECT_EQ(Why(track, facts, "degenerate"),
            "the answers are no model's: bits_per_byte: answers A to every question");
}

TEST(TrackRules, TheBudgetCountsTheKindsThatItNames) {
  v1::Track track = StrictTrack();
  track.set_budget_seconds(3600);
  track.add_budget_kinds("sft");
  track.add_budget_kinds("evaluate");
  SubmissionFacts facts = GoodFacts();
  EXPECT_EQ(FailedRules(track, facts), Names()) << "a runner has no records";
  facts.job_times = {{"p1/pretrain", "pretrain", 90000}, {"p1/sft", "sft", 3000}, {"p1/e", "evaluate", 600}};
  EXPECT_EQ(FailedRules(track, facts), Names());
  facts.job_times->push_back({"p2/e", "evaluate", 0.5});
  EXPECT_EQ(FailedRules(track, facts), Names{"budget"});
  EXPECT_EQ(Why(track, facts, "budget"),
            "3601 s (p1/sft 3000 s, p1/e 600 s, p2/e 1 s); at most 3600 s of sft, evaluate jobs");
  track.clear_budget_kinds();
  facts.job_times->resize(2);
  EXPECT_EQ(FailedRules(track, facts), Names{"budget"});
}

TEST(TrackRules, ABudgetDoesNotHoldWhereNobodyKnows) {
  v1::Track track = StrictTrack();
  track.set_budget_seconds(3600);
  SubmissionFacts facts = GoodFacts();
  facts.job_times_unknown = "p1/sft ran elsewhere";
  EXPECT_EQ(FailedRules(track, facts), Names{"budget"});
}

TEST(TrackRules, ARankingByPointsNeedsOneTaskThatWasMeasured) {
  v1::Track track = StrictTrack();
  track.set_ranking_metric("points");
  track.add_tasks()->set_metric("gsm8k/acc");
  EXPECT_EQ(FailedRules(track, GoodFacts()), Names{"ranking_metric"});
  track.add_tasks()->set_metric("bits_per_byte/bits_per_byte");
  EXPECT_EQ(FailedRules(track, GoodFacts()), Names());
  EXPECT_EQ(Why(track, GoodFacts(), "ranking_metric"), "points: of 2 tasks 1 were measured");
}

TEST(TrackRules, RefusesASubmissionThatCannotBeRanked) {
  SubmissionFacts facts = GoodFacts();
  facts.suites.clear();
  EXPECT_EQ(FailedRules(StrictTrack(), facts), Names{"ranking_metric"});
}

TEST(TrackRules, FindsTracksByName) {
  const std::vector<v1::Track> tracks = {StrictTrack()};
  EXPECT_EQ(FindTrack(tracks, "strict"), &tracks[0]);
  EXPECT_EQ(FindTrack(tracks, "stric"), nullptr);
}

}  // namespace
}  // namespace bonsai
