#include "coordinator/web/leaderboard_page.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::Track PocketTrack() {
  v1::Track track;
  track.set_name("pocket");
  track.set_title("Pocket <models>");
  return track;
}

v1::LeaderboardRow Row(const std::string& name, double accuracy) {
  v1::LeaderboardRow row;
  row.set_track("pocket");
  row.set_name(name);
  row.set_submission_id("id-" + name);
  row.set_rank(1);
  v1::SuiteResult* suite = row.add_suites();
  suite->set_suite("csqa");
  v1::MetricResult* metric = suite->add_metrics();
  metric->set_name("acc");
  metric->set_value(accuracy);
  return row;
}

std::string Page(const std::vector<v1::Track>& tracks, const std::vector<v1::LeaderboardRow>& rows,
                 const std::map<std::string, std::string>& query = {}) {
  return LeaderboardPage({}, tracks, rows, query);
}

TEST(LeaderboardPageTest, EscapesWhatUsersWrote) {
  v1::LeaderboardRow row = Row("<script>alert('x')</script>", 0.5);
  row.add_datasets("a&b");
  row.mutable_suites(0)->set_suite("\"quoted\"");
  row.mutable_suites(0)->mutable_metrics(0)->set_name("<m>");
  row.add_flags("<i>flag</i>");
  const std::string page = Page({PocketTrack()}, {row});
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
  EXPECT_THAT(page, HasSubstr("&quot;quoted&quot;/&lt;m&gt;"));
  EXPECT_THAT(page, HasSubstr("Pocket &lt;models&gt;"));
  EXPECT_THAT(page, HasSubstr("&lt;i&gt;flag&lt;/i&gt;"));
}

TEST(LeaderboardPageTest, ShowsAScoreBesideItsErrorAndItsFloor) {
  v1::LeaderboardRow row = Row("a", 0.1876543);
  v1::MetricResult* metric = row.mutable_suites(0)->mutable_metrics(0);
  metric->set_stderr(0.0131);
  metric->set_floor(0.2088);
  metric->set_floor_name("majority answer B");
  EXPECT_THAT(Page({PocketTrack()}, {row}),
              HasSubstr("<td class=\"n floored\" data-v=\"0.1876543\">0.1877<small>\u00b10.013 \u00b7 floor "
                        "0.209</small></td>"));
  metric->set_value(0.3);
  EXPECT_THAT(Page({PocketTrack()}, {row}), HasSubstr("<td class=\"n\" data-v=\"0.3\">0.3000<small>"));
  const std::string csv = TableCsv(LeaderboardTable(PocketTrack(), {row}));
  EXPECT_THAT(csv, HasSubstr("csqa/acc,csqa/acc.stderr,csqa/acc.floor,csqa/acc.floor_name"));
  EXPECT_THAT(csv, HasSubstr("0.3,0.0131,0.2088,majority answer B"));
}

TEST(LeaderboardPageTest, ATracksTasksAreItsColumnsWithTheirPoints) {
  v1::Track track = PocketTrack();
  v1::Track::Task* task = track.add_tasks();
  task->set_name("CommonsenseQA");
  task->set_metric("csqa/acc");
  v1::LeaderboardRow row = Row("a", 0.5);
  v1::TaskPoints* points = row.add_points();
  points->set_task("CommonsenseQA");
  points->set_points(9.5);
  row.set_points_total(9.5);
  row.set_geometric_mean(0.25);
  const std::string page = Page({track}, {row});
  EXPECT_THAT(page, HasSubstr(">CommonsenseQA</a>"));
  EXPECT_THAT(page, HasSubstr("9.5 pt"));
  EXPECT_THAT(page, HasSubstr(">Geo. mean</a>"));
  EXPECT_THAT(Page({PocketTrack()}, {Row("a", 0.5)}), Not(HasSubstr("Geo. mean")));
}

TEST(LeaderboardPageTest, ShowsTheFastestRealDeviceAndLeavesTheRestUnknown) {
  v1::LeaderboardRow row = Row("a", 0.5);
  v1::BenchmarkReport* emulated = row.add_benchmarks();
  emulated->set_target("duo-64m");
  emulated->set_emulated(true);
  emulated->mutable_decode_tokens_per_second()->set_median(9999);
  emulated->set_peak_memory_bytes(3 << 20);
  EXPECT_THAT(Page({PocketTrack()}, {row}), Not(HasSubstr("9999")));
  EXPECT_THAT(Page({PocketTrack()}, {row}), HasSubstr("3 MiB<small>duo-64m</small>"));
  v1::BenchmarkReport* real = row.add_benchmarks();
  real->set_target("host");
  real->mutable_decode_tokens_per_second()->set_median(123.4);
  EXPECT_THAT(Page({PocketTrack()}, {row}), HasSubstr("123.4<small>host</small>"));
}

TEST(LeaderboardPageTest, FlagsWhatFailedAndWhatIsDegenerate) {
  v1::LeaderboardRow row = Row("a", 0.5);
  row.mutable_suites(0)->set_degenerate("answers A to every question");
  v1::RuleResult* rule = row.add_rules();
  rule->set_rule("allowed_dtypes");
  rule->set_why("BF16 is not allowed");
  const std::string page = Page({PocketTrack()}, {row});
  EXPECT_THAT(page, HasSubstr("2 flags"));
  EXPECT_THAT(page, HasSubstr("csqa: answers A to every question"));
  EXPECT_THAT(page, HasSubstr("fails allowed_dtypes: BF16 is not allowed"));
}

TEST(LeaderboardPageTest, SortsByTheQueryAndShowsOneTrackIfAsked) {
  v1::Track other;
  other.set_name("other");
  const std::vector<v1::LeaderboardRow> rows = {Row("low", 0.1), Row("high", 0.9)};
  const std::string sorted = Page({PocketTrack(), other}, rows, {{"sort", "pocket:-csqa/acc"}});
  EXPECT_LT(sorted.find("id-high"), sorted.find("id-low"));
  const std::string ranked = Page({PocketTrack(), other}, rows);
  EXPECT_GT(ranked.find("id-high"), ranked.find("id-low"));
  EXPECT_THAT(ranked, HasSubstr("id=\"other\""));
  EXPECT_THAT(Page({PocketTrack(), other}, rows, {{"track", "pocket"}}), Not(HasSubstr("id=\"other\"")));
}

TEST(LeaderboardPageTest, WorksWithoutAScript) {
  EXPECT_THAT(Page({PocketTrack()}, {Row("a", 0.5)}), Not(HasSubstr("<script")));
  const std::string page =
      LeaderboardPage({"/s.css", "/a.js", "/c.css"}, {PocketTrack()}, {Row("a", 0.5)}, {});
  EXPECT_THAT(page, HasSubstr("<script type=\"module\" src=\"/a.js\">"));
  EXPECT_THAT(page, HasSubstr("data-plot=\"pareto\""));
}

TEST(LeaderboardPageTest, ShowsATrackWithoutRowsAsEmpty) {
  v1::LeaderboardRow elsewhere = Row("stranger", 0.5);
  elsewhere.set_track("other");
  const std::string page = Page({PocketTrack()}, {elsewhere});
  EXPECT_THAT(page, HasSubstr("No submissions yet."));
  EXPECT_THAT(page, Not(HasSubstr("stranger")));
}

}  // namespace
}  // namespace bonsai
