#include "worker/data/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::HasSubstr;
using Row = std::vector<std::string>;

absl::StatusOr<std::vector<Row>> ReadAll(const std::string& text, std::vector<uint64_t>* lines = nullptr) {
  CsvReader reader(ByteStream::OverBytes(text, "file"));
  std::vector<Row> rows;
  while (true) {
    Row row;
    const absl::StatusOr<bool> more = reader.Next(&row);
    if (!more.ok()) return more.status();
    if (rows.empty()) rows.push_back(reader.names());
    if (!*more) return rows;
    rows.push_back(row);
    if (lines != nullptr) lines->push_back(reader.line());
  }
}

TEST(CsvReader, QuotedFieldsHoldCommasQuotesAndLineEnds) {
  std::vector<uint64_t> lines;
  const auto rows = ReadAll("a,b\r\n1,\"x, \"\"y\"\"\r\nz\"\n\n\"\",last", &lines);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, (std::vector<Row>{{"a", "b"}, {"1", "x, \"y\"\r\nz"}, {"", "last"}}));
  EXPECT_EQ(lines, (std::vector<uint64_t>{2, 5}));
}

TEST(CsvReader, EmptyFieldsCountAndEmptyLinesDoNot) {
  EXPECT_EQ(*ReadAll("a,b,c\n,,\n\r\n1,,\n"),
            (std::vector<Row>{{"a", "b", "c"}, {"", "", ""}, {"1", "", ""}}));
  EXPECT_EQ(*ReadAll("a\n1\n\n2"), (std::vector<Row>{{"a"}, {"1"}, {""}, {"2"}}));
  EXPECT_EQ(*ReadAll("a,b"), (std::vector<Row>{{"a", "b"}}));
}

TEST(CsvReader, ACarriageReturnAloneIsACharacter) {
  EXPECT_EQ(*ReadAll("a,b\nx\ry,2\r\n"), (std::vector<Row>{{"a", "b"}, {"x\ry", "2"}}));
}

TEST(CsvReader, ErrorsNameTheLineAndWhatIsWrong) {
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"", "file: line 1: the file is empty"},
      {"a,a\n", "file: line 1: the name \"a\" comes twice"},
      {"a,b\n1,2\n1,2,3\n", "file: line 3: the row has 3 fields; the first line names 2"},
      {"a,b\n\"x\ny,2\n", "file: line 2: a field's opening quote is never closed"},
      {"a,b\n1,\"x\"y\n", "file: line 2: other characters follow a field's closing quote"},
      {"a,b\n1,x\"y\n", "file: line 2: a quote within a field"},
      {"a,b\n\"" + std::string(kRowBytesMax + 1, 'x'), "file: line 2: the row is longer than"},
      {std::string(kRowFieldsMax + 1, ','), "file: line 1: the row has more than 4096 fields"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ReadAll(c.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace bonsai
