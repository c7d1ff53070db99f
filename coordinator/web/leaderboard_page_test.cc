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

TEST(LeaderboardPageTest, EscapesWhatUsersWrote) {
  v1::LeaderboardRow row;
  row.set_track("pocket");
  row.set_name("<script>alert('x')</script>");
  row.add_datasets("a&b");
  row.add_suites()->set_suite("\"quoted\"");
  row.mutable_suites(0)->add_metrics()->set_name("<m>");
  const std::string page = LeaderboardPage({PocketTrack()}, {row});
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
  EXPECT_THAT(page, HasSubstr("a&amp;b"));
  EXPECT_THAT(page, HasSubstr("&quot;quoted&quot;/&lt;m&gt;"));
  EXPECT_THAT(page, HasSubstr("Pocket &lt;models&gt;"));
}

TEST(LeaderboardPageTest, ShowsUnsetFiguresAsNotMeasured) {
  v1::LeaderboardRow row;
  row.set_track("pocket");
  v1::BenchmarkReport* report = row.add_benchmarks();
  report->set_target("duo-64m");
  report->set_emulated(true);
  report->set_peak_memory_bytes(3 << 20);
  const std::string page = LeaderboardPage({PocketTrack()}, {row});
  EXPECT_THAT(page, HasSubstr("<b>duo-64m</b> (emulated): prefill not measured, decode not measured, "
                              "memory 3.0 MiB"));
}

TEST(LeaderboardPageTest, ShowsATrackWithoutRowsAsEmpty) {
  v1::LeaderboardRow elsewhere;
  elsewhere.set_track("other");
  elsewhere.set_name("stranger");
  const std::string page = LeaderboardPage({PocketTrack()}, {elsewhere});
  EXPECT_THAT(page, HasSubstr("No submissions yet."));
  EXPECT_THAT(page, Not(HasSubstr("stranger")));
}

}  // namespace
}  // namespace bonsai
