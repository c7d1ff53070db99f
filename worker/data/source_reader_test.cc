#include "worker/data/source_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "worker/data/gzip_bytes_testing.h"
#include "worker/data/json_array_reader.h"
#include "worker/data/line_reader.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

absl::StatusOr<std::vector<v1::Document>> ReadAll(v1::DataSpec::Format format, const std::string& bytes,
                                                  uint64_t* replaced = nullptr) {
  auto reader = SourceReader::Over(format, ByteStream::OverBytes(bytes, "file"));
  if (!reader.ok()) return reader.status();
  std::vector<v1::Document> documents;
  v1::Document document;
  while (true) {
    absl::StatusOr<bool> more = (*reader)->Next(&document);
    if (!more.ok()) return more.status();
    if (replaced != nullptr) *replaced = (*reader)->bytes_replaced();
    if (!*more) return documents;
    documents.push_back(document);
  }
}

TEST(SourceReader, ReadsC4LinesWithOtherKeysAndBlankLines) {
  auto documents =
      ReadAll(v1::DataSpec::C4_JSON_GZ,
              GzipForTest("{\"text\": \"caf\\u00e9\\n\", \"url\": \"x\"}\r\n\n{\"text\":\"last\"}"));
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].text(), "caf\xC3\xA9\n");
  EXPECT_EQ((*documents)[1].text(), "last");
}

TEST(SourceReader, ReadsAlpacaWithBracketsAndQuotesInStrings) {
  auto documents =
      ReadAll(v1::DataSpec::ALPACA_JSON, R"( [ {"instruction": "a ] } \" \\", "input": "", "output": "1"}
      , {"instruction": "b", "output": "2"} ] )");
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].instruction().instruction(), "a ] } \" \\");
  EXPECT_EQ((*documents)[1].instruction().input(), "");
  EXPECT_EQ((*documents)[1].instruction().output(), "2");
  EXPECT_EQ(ReadAll(v1::DataSpec::ALPACA_JSON, "[]")->size(), 0u);
}

TEST(SourceReader, ReadsCommonsenseQa) {
  auto documents =
      ReadAll(v1::DataSpec::COMMONSENSEQA_JSONL,
              R"({"answerKey": "B", "id": "7", "question": {"question_concept": "x", "stem": "where?",)"
              R"( "choices": [{"label": "A", "text": "here"}, {"label": "B", "text": "there"}]}})");
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 1u);
  const v1::MultipleChoice& content = (*documents)[0].multiple_choice();
  EXPECT_EQ((*documents)[0].id(), "7");
  EXPECT_EQ(content.question(), "where?");
  ASSERT_EQ(content.choices_size(), 2);
  EXPECT_EQ(content.choices(1).text(), "there");
  EXPECT_EQ(content.answer_label(), "B");
}

TEST(SourceReader, RepairsAndCountsBytesThatAreNotUtf8) {
  uint64_t replaced = 0;
  auto documents = ReadAll(v1::DataSpec::C4_JSON_GZ, GzipForTest("{\"text\": \"a\xFF\xC0z\"}\n"), &replaced);
  ASSERT_TRUE(documents.ok()) << documents.status();
  EXPECT_EQ((*documents)[0].text(), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(replaced, 2u);
}

TEST(SourceReader, ErrorsOfLinesNameFileLineAndKey) {
  const struct {
    std::string line;
    std::string message;
  } cases[] = {
      {"{\"text\": 5}", "file: line 2: key \"text\" is"},
      {"{\"txt\": \"\"}", "file: line 2: key \"text\" is missing"},
      {"[]", "file: line 2: the record is"},
      {"{\"text\": \"a\"", "file: line 2: not JSON"},
      {"{\"text\": \"a\"} x", "file: line 2: not JSON"},
  };
  for (const auto& c : cases) {
    const absl::Status status =
        ReadAll(v1::DataSpec::C4_JSON_GZ, GzipForTest("{\"text\": \"fine\"}\n" + c.line + "\n")).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.line;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.line;
  }
}

TEST(SourceReader, ErrorsOfQuestionsNameTheKey) {
  const struct {
    std::string line;
    std::string message;
  } cases[] = {
      {R"({"id": "1", "question": {"stem": "q", "choices": [{"label": "A", "text": "x"}]}})",
       "\"answerKey\" is missing"},
      {R"({"id": "1", "answerKey": "Z", "question": {"stem": "q", "choices": [{"label": "A", "text": "x"}]}})",
       "the label of a choice (A)"},
      {R"({"id": "1", "answerKey": "A", "question": {"stem": "q", "choices": []}})",
       "\"question.choices\" is"},
      {R"({"id": "1", "answerKey": "A", "question": {"stem": "q", "choices": [{"label": "A", "text": "x"},)"
       R"( {"label": "A", "text": "y"}]}})",
       "\"question.choices[1].label\" is"},
      {R"({"id": "1", "answerKey": "A", "question": {"choices": [{"label": "A", "text": "x"}]}})",
       "\"question.stem\" is missing"},
      {R"({"id": 1})", "\"id\" is"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ReadAll(v1::DataSpec::COMMONSENSEQA_JSONL, c.line).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr("file: line 1: key "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.line;
  }
}

TEST(SourceReader, ErrorsOfArraysNameElementAndByte) {
  const std::string good = R"({"instruction": "a", "output": "b"})";
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"{}", "byte 0, after element -1: found '{' where '['"},
      {"", "found the end of the file where '['"},
      {"[" + good + " " + good + "]", "byte 37, after element 0: found '{' where ',' or ']'"},
      {"[" + good + ",]", "found ']' where another element"},
      {"[" + good + "] x", "found 'x' where nothing but white space"},
      {"[" + good + ", 5]", "found '5' where '{'"},
      {"[" + good, "found the end of the file where ',' or ']'"},
      {"[" + good + ", {\"a\": \"", "the end of the element that starts at byte 38"},
      {"[" + good + R"(, {"instruction": "a"}])", "file: element 1 at byte 38: key \"output\" is missing"},
      {"[{]", "not JSON"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ReadAll(v1::DataSpec::ALPACA_JSON, c.text).status();
    EXPECT_FALSE(status.ok()) << c.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.text;
  }
}

TEST(SourceReader, BoundsLinesAndElements) {
  const std::string endless(kLineBytesMax + (1 << 20), 'x');
  EXPECT_THAT(std::string(ReadAll(v1::DataSpec::COMMONSENSEQA_JSONL, endless).status().message()),
              HasSubstr("line 1 is longer than"));
  EXPECT_THAT(std::string(ReadAll(v1::DataSpec::ALPACA_JSON, "[{\"" + endless).status().message()),
              HasSubstr("element 0 at byte 1 is longer than"));
}

TEST(SourceReader, AnUnknownFormatAndAMissingFileAreNamed) {
  EXPECT_THAT(std::string(ReadAll(v1::DataSpec::FORMAT_UNSPECIFIED, "").status().message()),
              HasSubstr("C4_JSON_GZ"));
  EXPECT_EQ(SourceReader::Open(v1::DataSpec::C4_JSON_GZ, "/no/such/file").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(SourceReader::Open(v1::DataSpec::C4_JSON_GZ, "/").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace bonsai
