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

TEST(TrackRules, PassesAtEveryLimit) { EXPECT_EQ(FailedRules(StrictTrack(), GoodFacts()), Names()); }

TEST(TrackRules, ListsEveryRuleInAFixedOrder) {
  Names rules;
  for (const v1::RuleResult& result : CheckTrack(v1::Track(), SubmissionFacts()))
    rules.push_back(result.rule());
  EXPECT_EQ(rules, (Names{"datasets", "parameters", "dtypes", "peak_memory", "ranking_metric"}));
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
  EXPECT_NE(CheckTrack(StrictTrack(), facts)[3].why().find("5001 bytes on duo-64m"), std::string::npos);
}

TEST(TrackRules, AMemoryLimitNeedsAMeasurement) {
  SubmissionFacts facts = GoodFacts();
  facts.benchmarks[0].clear_peak_memory_bytes();
  EXPECT_EQ(FailedRules(StrictTrack(), facts), Names{"peak_memory"});
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
