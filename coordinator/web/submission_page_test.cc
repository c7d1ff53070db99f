#include "coordinator/web/submission_page.h"

#include "coordinator/web/browser/gallery_rows.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// One that devices have run.
SubmissionView View() { return InventView(InventRows(false)[1]); }

TEST(SubmissionPageTest, LeadsFromScoresDownToTheShards) {
  const std::string page = SubmissionPage({}, View());
  EXPECT_THAT(page, HasSubstr("majority answer B"));
  EXPECT_THAT(page, HasSubstr("64 of 64 tokens equal the reference"));
  EXPECT_THAT(page, HasSubstr("exact McNemar"));
  EXPECT_THAT(page, HasSubstr("alpaca, c4: all allowed"));
  EXPECT_THAT(page, HasSubstr("bonsai submit deploy/presets/edge.textproto"));
  EXPECT_THAT(page, HasSubstr("c4-train.00001-of-01024.json.gz"));
  EXPECT_THAT(page, HasSubstr("licence ODC-BY"));
  EXPECT_THAT(page, HasSubstr("a kettle that is still hot"));
}

TEST(SubmissionPageTest, DrawsAnArtifactThatIsReachedTwiceOnce) {
  const std::string page = SubmissionPage({}, View());
  const std::string model = "<li id=\"a-" + std::string(61, '0') + "111\"";
  EXPECT_NE(page.find(model), std::string::npos);
  EXPECT_EQ(page.find(model), page.rfind(model));
  EXPECT_THAT(page, HasSubstr("as above"));
}

TEST(SubmissionPageTest, EscapesWhatUsersAndModelsWrote) {
  SubmissionView view = View();
  const std::string evil = "<script>x</script>";
  view.row.set_name(evil);
  view.row.set_reproduce(evil);
  view.row.add_flags(evil);
  view.row.mutable_rules(0)->set_why(evil);
  view.row.mutable_comparisons(0)->add_changed_ids(evil);
  view.row.mutable_benchmarks(0)->set_output_comparison(evil);
  view.samples[0].items[0].set_response(evil);
  view.samples[0].items[0].set_id(evil);
  view.artifact.mutable_lineage(2)->mutable_manifest()->mutable_lineage()->mutable_sources(0)->set_file(evil);
  view.artifact.mutable_record()->set_job_id(evil);
  const std::string page = SubmissionPage({}, view);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;x"));
}

TEST(SubmissionPageTest, SaysWhatIsMissing) {
  SubmissionView view = View();
  view.samples.clear();
  view.row.clear_reproduce();
  view.row.clear_comparisons();
  view.row.clear_benchmarks();
  view.lineage_problem = "the lineage has more than 33554432 bytes";
  const std::string page = SubmissionPage({}, view);
  EXPECT_THAT(page, HasSubstr("kept no items"));
  EXPECT_THAT(page, HasSubstr("bonsai artifacts show"));
  EXPECT_THAT(page, HasSubstr("There is no evaluation before this one"));
  EXPECT_THAT(page, HasSubstr("No device has run it."));
  EXPECT_THAT(page, HasSubstr("more than 33554432 bytes"));
}

TEST(SubmissionPageTest, EveryTableHasAsManyCellsAsColumns) {
  for (const Table& table : SubmissionTables(View())) {
    for (const Row& row : table.rows) EXPECT_EQ(row.cells.size(), table.columns.size()) << table.id;
  }
}

TEST(ItemSampleTest, ReadsTheFirstItemsAndSaysIfThereAreMore) {
  std::string bytes;
  for (const char* id : {"a", "b", "c"}) {
    v1::ItemResult item;
    item.set_id(id);
    bytes += static_cast<char>(item.ByteSizeLong());
    bytes += item.SerializeAsString();
  }
  const auto two = ParseItems(bytes, false, 2);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(two->items.size(), 2u);
  EXPECT_TRUE(two->more);
  const auto all = ParseItems(bytes, false, 10);
  EXPECT_EQ(all->items.size(), 3u);
  EXPECT_FALSE(all->more);
  const std::string part = bytes.substr(0, bytes.size() - 1);
  EXPECT_EQ(ParseItems(part, true, 10)->items.size(), 2u);
  EXPECT_FALSE(ParseItems(part, false, 10).ok());
}

}  // namespace
}  // namespace bonsai
