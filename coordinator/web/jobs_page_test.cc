#include "coordinator/web/jobs_page.h"

#include "coordinator/web/browser/gallery_rows.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1764000000);

TEST(JobsPageTest, ShowsProgressLossAndWhyJobsWait) {
  const std::string page = JobsPage({}, InventBoard(kNow), kNow);
  EXPECT_THAT(page, HasSubstr("<progress max=\"1\" value=\"0.03\" aria-label=\"120 of 4000 steps\">"));
  EXPECT_THAT(page, HasSubstr("data-source=\"/api/v1/jobs/p7/pretrain/samples.json\""));
  EXPECT_THAT(page, HasSubstr("no worker has 2 free cpus"));
  EXPECT_THAT(page, HasSubstr("&lt;nowhere&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<nowhere>")));
}

TEST(JobsPageTest, ItsTablesHaveTheSameFiguresAsCsv) {
  const std::vector<Table> tables = JobTables(InventBoard(kNow), kNow);
  ASSERT_EQ(tables.size(), 3u);
  EXPECT_THAT(TableCsv(tables[0]),
              HasSubstr("p7/pretrain,pretrain,running,0.03,5400,2.4,51230,1,w1,1800,red,"));
  for (const Table& table : tables) {
    for (const Row& row : table.rows) EXPECT_EQ(row.cells.size(), table.columns.size()) << table.id;
  }
}

TEST(JobsPageTest, AnEmptyClusterHasAPage) {
  EXPECT_THAT(JobsPage({}, {}, kNow), HasSubstr("Nothing runs."));
}

TEST(JobPageTest, ShowsAttemptsAndTheSpecification) {
  const JobBoard board = InventBoard(kNow);
  Table samples;
  samples.columns = {{"step", "Step"}, {"loss", "loss"}};
  samples.rows.push_back({"", {CountCell(1), NumberCell(2.5, "2.5")}});
  const std::string page = JobPage({}, board.running[0], samples, kNow);
  EXPECT_THAT(page, HasSubstr("data-refresh"));
  EXPECT_THAT(page, HasSubstr("data-metric=\"loss\""));
  EXPECT_THAT(page, HasSubstr("batch_sequences: 8"));
  EXPECT_THAT(page, HasSubstr("/api/v1/jobs/p7/pretrain/attempts.csv"));
  EXPECT_THAT(JobPage({}, board.ended[1], {}, kNow), Not(HasSubstr("data-refresh")));
}

}  // namespace
}  // namespace bonsai
