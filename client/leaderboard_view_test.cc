#include "client/leaderboard_view.h"

#include <cmath>
#include <tuple>

#include "absl/strings/str_split.h"
#include "client/text_layout.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

v1::MetricResult Metric(const std::string& name, double value, double floor, const std::string& floor_name) {
  v1::MetricResult metric;
  metric.set_name(name);
  metric.set_value(value);
  metric.set_floor(floor);
  metric.set_floor_name(floor_name);
  return metric;
}

v1::LeaderboardRow Row() {
  v1::LeaderboardRow row;
  row.set_submission_id(std::string(64, 'a'));
  row.set_name("pocket");
  row.set_track("from_scratch");
  row.set_model_id(std::string(64, 'b'));
  row.set_parameters(1052288);
  row.set_rank(1);
  row.set_created_unix_ms(1700000000000);
  row.add_datasets("alpaca");
  row.add_datasets("c4");
  v1::SuiteResult* suite = row.add_suites();
  suite->set_suite("bits_per_byte");
  suite->set_documents(445);
  *suite->add_metrics() = Metric("bits_per_byte", 2.211, 2.34, "xz -9e after the training text");
  suite->mutable_metrics(0)->set_lower_is_better(true);
  suite->add_notes("xz -9e alone needs 2.80");
  suite = row.add_suites();
  suite->set_suite("commonsenseqa");
  suite->set_profile("lmeval 0.4");
  suite->set_documents(1221);
  *suite->add_metrics() = Metric("acc", 0.2056, 0.2, "chance");
  suite->mutable_metrics(0)->set_stderr(0.0116);
  *suite->add_metrics() = Metric("acc_norm", std::nan(""), 0.2, "chance");
  v1::BenchmarkReport* host = row.add_benchmarks();
  host->set_target("host");
  host->mutable_prefill_tokens_per_second()->set_median(5012);
  host->mutable_decode_tokens_per_second()->set_median(1203.4);
  host->mutable_decode_tokens_per_second()->set_standard_deviation(12.3);
  for (int i = 0; i < 9; ++i) host->mutable_decode_tokens_per_second()->add_kept(1200);
  host->mutable_decode_tokens_per_second()->add_dropped(10);
  host->set_outlier_rule("beyond 3 MAD of the median");
  host->set_peak_memory_bytes(12900000);
  host->set_bundle_bytes(8500000);
  host->set_output_matches_reference(true);
  host->set_output_comparison("128 of 128 tokens equal the reference");
  v1::BenchmarkReport* duo = row.add_benchmarks();
  duo->set_target("duo-64m");
  duo->set_emulated(true);
  duo->set_bundle_bytes(8400000);
  duo->set_output_comparison("first difference at token 3");
  duo->add_not_measured("decode_tokens_per_second: emulated by qemu-user");
  v1::RuleResult* rule = row.add_rules();
  rule->set_rule("datasets");
  rule->set_passed(true);
  rule->set_why("c4, alpaca are allowed");
  return row;
}

// A row with all that the coordinator fills in.
v1::LeaderboardRow Full() {
  v1::LeaderboardRow row = Row();
  for (const auto& [task, points, place] :
       {std::tuple("CommonsenseQA", 9.5, 1u), std::tuple("Throughput", 18.0, 2u)}) {
    v1::TaskPoints& one = *row.add_points();
    one.set_task(task);
    one.set_points(points);
    one.set_place(place);
  }
  row.set_points_total(27.5);
  row.set_geometric_mean(0.012);
  row.add_flags("commonsenseqa: answers C to every question");
  row.add_flags("not measured: GSM8K");
  v1::MetricComparison& since = *row.add_comparisons();
  since.set_suite("commonsenseqa");
  since.set_metric("acc");
  since.set_items(1221);
  since.set_better(12);
  since.set_worse(3);
  since.set_difference(9.0 / 1221);
  since.set_p_value(0.03515625);
  since.set_test("exact McNemar");
  row.set_reproduce(
      "bonsai submission pack p1/row --out row && bonsai submit row/pipeline.textproto --watch");
  return row;
}

TEST(LeaderboardViewTest, ShowsEveryFigureIn100Columns) {
  v1::GetLeaderboardResponse response;
  *response.add_rows() = Row();
  EXPECT_EQ(RenderLeaderboard(response, 100),
            R"(TRACK         RANK  NAME    PARAMETERS  SCORES
from_scratch     1  pocket   1,052,288  bits_per_byte 2.211 (floor 2.340), commonsenseqa acc 0.2056
                                        (floor 0.2000)

from_scratch #1  pocket  1,052,288 parameters, 2023-11-14 22:13 UTC
  SUITE          METRIC          VALUE  STDERR  BETTER   FLOOR  FLOOR IS; WHOSE RULES
  bits_per_byte  bits_per_byte   2.211          lower    2.340  xz -9e after the training text; 445
                                                                documents
  commonsenseqa  acc            0.2056  0.0116  higher  0.2000  chance; lmeval 0.4, 1,221 documents
  commonsenseqa  acc_norm          NaN          higher  0.2000  chance; lmeval 0.4, 1,221 documents
  TARGET              PREFILL TOK/S  DECODE TOK/S   PEAK MEMORY   BUNDLE  OUTPUT
  host                         5012          1203      12.3 MiB  8.1 MiB  equal: 128 of 128 tokens
                                                                          equal the reference
  duo-64m (emulated)   not measured  not measured  not measured  8.0 MiB  DIFFERS: first difference
                                                                          at token 3
  host           decode: median of 9 runs, deviation 12.3, 1 dropped as outliers (beyond 3 MAD of
                 the median)
  duo-64m        not measured: decode_tokens_per_second: emulated by qemu-user
  bits_per_byte  xz -9e alone needs 2.80
  rules          datasets holds (c4, alpaca are allowed)
  data sets      alpaca, c4
  submission     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  model          bbbbbbbbbbbb; `bonsai artifacts show aaaaaaaaaaaa --lineage`: all it came from
)");
}

TEST(LeaderboardViewTest, ShowsPointsFlagsAndHowToMakeItAgain) {
  v1::GetLeaderboardResponse response;
  *response.add_rows() = Full();
  const std::string text = RenderLeaderboard(response, 120);
  EXPECT_THAT(text, HasSubstr("PARAMETERS  POINTS  GEO MEAN  SCORES"));
  EXPECT_THAT(text, HasSubstr("1,052,288    27.5    0.0120  bits_per_byte 2.211"));
  EXPECT_THAT(text,
              HasSubstr("FLAGS          commonsenseqa: answers C to every question; not measured: GSM8K"));
  EXPECT_THAT(text, HasSubstr("points         27.5: CommonsenseQA 9.5 (#1), Throughput 18 (#2)"));
  EXPECT_THAT(
      text, HasSubstr("since before   commonsenseqa acc: 12 better, 3 worse of 1,221, +0.007371, p 0.0352"));
  EXPECT_THAT(text, HasSubstr("reproduce      bonsai submission pack p1/row --out row"));
}

TEST(LeaderboardViewTest, ARowWithoutAPlaceHasNone) {
  v1::GetLeaderboardResponse response;
  *response.add_rows() = Row();
  response.mutable_rows(0)->set_rank(0);
  EXPECT_THAT(RenderLeaderboard(response, 100), HasSubstr("from_scratch #-  pocket"));
}

TEST(LeaderboardViewTest, NeverIsWiderThanAskedFor) {
  v1::GetLeaderboardResponse response;
  *response.add_rows() = Row();
  *response.add_rows() = Full();
  for (size_t width : {100, 120, 160}) {
    for (absl::string_view line : absl::StrSplit(RenderLeaderboard(response, width), '\n')) {
      EXPECT_LE(DisplayWidth(line), width) << line;
    }
  }
}

TEST(LeaderboardViewTest, SaysWhatIsMissing) {
  v1::GetLeaderboardResponse response;
  EXPECT_EQ(RenderLeaderboard(response, 100),
            "no submissions yet; a pipeline with a submission job makes one\n");
  response.add_rows()->set_name("empty");
  response.mutable_rows(0)->add_rules()->set_rule("max_parameters");
  const std::string text = RenderLeaderboard(response, 100);
  EXPECT_THAT(text, HasSubstr("scores         not measured"));
  EXPECT_THAT(text, HasSubstr("devices        not measured"));
  EXPECT_THAT(text, HasSubstr("rules          max_parameters BROKEN"));
  EXPECT_THAT(text, HasSubstr("data sets      none"));
}

}  // namespace
}  // namespace bonsai
