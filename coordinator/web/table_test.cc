#include "coordinator/web/table.h"

#include <cmath>
#include <limits>

#include "coordinator/web/markup.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Names, scores and a figure that only CSV and JSON have; one score is not known.
Table Scores() {
  Table table;
  table.id = "open";
  table.caption = "Open <practice>";
  table.csv = "/api/v1/scores.csv";
  table.columns = {{"name", "Name", "", false, true}, {"score", "Score"}, {"floor", ""}};
  table.rows = {{"", {TextCell("b", "/b?x=1&y=2"), NumberCell(0.5, "0.500"), NumberCell(0.2, "")}},
                {"", {TextCell("a,\"q\""), EmptyCell(), EmptyCell()}},
                {"", {TextCell("<c>"), NumberCell(1.0 / 3, "0.333"), NumberCell(1e-7, "")}}};
  return table;
}

std::vector<std::string> Names(const Table& table) {
  std::vector<std::string> names;
  for (const Row& row : table.rows) names.push_back(row.cells[0].text);
  return names;
}

TEST(TableTest, CsvHoldsAllFiguresUnrounded) {
  EXPECT_EQ(TableCsv(Scores()),
            "name,score,floor\r\nb,0.5,0.2\r\n\"a,\"\"q\"\"\",,\r\n<c>,0.3333333333333333,1e-07\r\n");
}

TEST(TableTest, CsvDefusesFormulas) {
  EXPECT_EQ(CsvText("=1+1"), "'=1+1");
  EXPECT_EQ(CsvText("@x,y"), "\"'@x,y\"");
  EXPECT_EQ(CsvText("a\nb"), "\"a\nb\"");
  EXPECT_EQ(CsvText("plain = text"), "plain = text");
}

TEST(TableTest, JsonHoldsAllFiguresAndNullForWhatIsNotKnown) {
  Table table = Scores();
  table.rows[0].cells[1] = NumberCell(std::nan(""), "nan");
  EXPECT_EQ(TableJson(table),
            "[\n{\"name\": \"b\", \"score\": null, \"floor\": 0.2},\n"
            "{\"name\": \"a,\\\"q\\\"\", \"score\": null, \"floor\": null},\n"
            "{\"name\": \"\\u003cc\\u003e\", \"score\": 0.3333333333333333, \"floor\": 1e-07}\n]\n");
  EXPECT_EQ(JsonText("a\tb\\"), "\"a\\u0009b\\\\\"");
}

TEST(TableTest, HtmlEscapesAndShowsOnlyTitledColumns) {
  const std::string html = TableHtml(Scores());
  EXPECT_THAT(html, HasSubstr("Open &lt;practice&gt;"));
  EXPECT_THAT(html, HasSubstr("<a href=\"/b?x=1&amp;y=2\">b</a>"));
  EXPECT_THAT(html, HasSubstr("&lt;c&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<c>")));
  EXPECT_THAT(html, HasSubstr("<td class=\"n\" data-v=\"0.5\">0.500</td>"));
  EXPECT_THAT(html, Not(HasSubstr("floor")));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">"));
  EXPECT_THAT(html, Not(HasSubstr("sort=")));
}

TEST(TableTest, SortsBothWaysWithWhatIsNotKnownLast) {
  Table table = Scores();
  SortTable(*ParseTableOrder("open:score"), table);
  EXPECT_THAT(Names(table), ElementsAre("<c>", "b", "a,\"q\""));
  SortTable(*ParseTableOrder("open:-score"), table);
  EXPECT_THAT(Names(table), ElementsAre("b", "<c>", "a,\"q\""));
  SortTable(*ParseTableOrder("open:-name"), table);
  EXPECT_THAT(Names(table), ElementsAre("b", "a,\"q\"", "<c>"));
  SortTable(*ParseTableOrder("other:name"), table);
  SortTable(*ParseTableOrder("open:nothing"), table);
  EXPECT_THAT(Names(table), ElementsAre("b", "a,\"q\"", "<c>"));
}

TEST(TableTest, RefusesOrdersThatAreNone) {
  for (const char* bad : {"", "open", ":score", "open:"})
    EXPECT_FALSE(ParseTableOrder(bad).has_value()) << bad;
}

TEST(TableTest, HeadersAreLinksThatTurnTheOrderRound) {
  TableLinks links{"/", {{"track", "a b"}}, std::nullopt};
  EXPECT_THAT(TableHtml(Scores(), links), HasSubstr("/?track=a%20b&amp;sort=open%3A-score#open"));
  links.order = ParseTableOrder("open:-score");
  const std::string html = TableHtml(Scores(), links);
  EXPECT_THAT(html, HasSubstr("aria-sort=\"descending\""));
  EXPECT_THAT(html, HasSubstr("sort=open%3Ascore#open"));
}

TEST(TableTest, AnEmptyTableSaysSo) {
  Table table = Scores();
  table.rows.clear();
  table.none = "No submissions yet.";
  EXPECT_THAT(TableHtml(table), HasSubstr("No submissions yet."));
  EXPECT_THAT(TableHtml(table), Not(HasSubstr("<table")));
  EXPECT_EQ(TableJson(table), "[\n]\n");
}

}  // namespace
}  // namespace bonsai
