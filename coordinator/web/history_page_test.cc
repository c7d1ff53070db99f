#include "coordinator/web/history_page.h"

#include "coordinator/web/browser/gallery_rows.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HistoryTableTest, HasEveryNightNewestFirstWithItsChange) {
  const Table table = HistoryTable(InventTracks()[0], InventRows(true), "moss-15m");
  ASSERT_EQ(table.rows.size(), 7u);
  EXPECT_GT(std::get<double>(table.rows[0].cells[0].value), std::get<double>(table.rows[6].cells[0].value));
  EXPECT_NEAR(std::get<double>(table.rows[0].cells[5].value), 0.012, 1e-9);
  EXPECT_EQ(table.rows[0].cells[5].mark, "good");
  EXPECT_EQ(table.rows[2].cells[5].mark, "bad");
  EXPECT_EQ(table.rows[6].cells[5].value.index(), 0u);  // nothing came before
  EXPECT_EQ(table.rows[0].cells[6].note, "exact McNemar");
}

TEST(HistoryTableTest, RanksByPointsOrTheGeometricMeanToo) {
  v1::Track track = InventTracks()[0];
  track.set_ranking_metric("geometric_mean");
  EXPECT_EQ(HistoryTable(track, InventRows(false), "moss-15m").rows[0].cells[2].text, "0.3370");
  track.set_ranking_metric("points");
  EXPECT_EQ(HistoryTable(track, InventRows(false), "cedar-110m").rows[0].cells[2].text, "18");
}

TEST(HistoryPageTest, ShowsOneNameIfAskedAndEscapesIt) {
  const std::string page =
      HistoryPage({}, InventTracks(), InventRows(true), {{"track", "edge"}, {"name", "<b>lichen</b>"}});
  EXPECT_THAT(page, HasSubstr("History of &lt;b&gt;lichen"));
  EXPECT_THAT(page, Not(HasSubstr("<b>lichen")));
  EXPECT_THAT(page, Not(HasSubstr("moss")));
  EXPECT_THAT(page, HasSubstr("data-plot=\"history\""));
  EXPECT_THAT(HistoryPage({}, InventTracks(), {}, {}), HasSubstr("No submissions yet."));
}

}  // namespace
}  // namespace bonsai
