// JSON_LINES, JSON_ARRAY, CSV and TEXT through SourceReader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "edge_runtime/model/test_data.h"
#include "worker/data/gzip_bytes_testing.h"
#include "worker/data/path_pattern.h"
#include "worker/data/source_reader.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

absl::StatusOr<std::vector<v1::Document>> ReadAll(std::unique_ptr<SourceReader> reader) {
  std::vector<v1::Document> documents;
  v1::Document document;
  while (true) {
    const absl::StatusOr<bool> more = reader->Next(&document);
    if (!more.ok()) return more.status();
    if (!*more) return documents;
    documents.push_back(document);
  }
}

absl::StatusOr<std::vector<v1::Document>> ReadAll(v1::DataSpec::Format format, const std::string& bytes,
                                                  const std::string& records_field = "") {
  auto reader =
      SourceReader::Over(format, ByteStream::OverBytes(bytes, "/some/folder/set.json"), records_field);
  if (!reader.ok()) return reader.status();
  return ReadAll(*std::move(reader));
}

TEST(RecordSource, LinesAreKeptAsTheirSourceWroteThem) {
  const std::string text =
      "  {\"b\": 1.50, \"a\": \"caf\\u00e9\", \"id\": \"q7\"} \r\n\n{\"Idx\":12}\n{\"x\":[]}";
  for (const std::string& bytes : {text, GzipForTest(text), "\xef\xbb\xbf" + text}) {
    const auto documents = ReadAll(v1::DataSpec::JSON_LINES, bytes);
    ASSERT_TRUE(documents.ok()) << documents.status();
    ASSERT_EQ(documents->size(), 3u);
    EXPECT_EQ((*documents)[0].record(), "{\"b\": 1.50, \"a\": \"caf\\u00e9\", \"id\": \"q7\"}");
    EXPECT_EQ((*documents)[0].id(), "q7");
    EXPECT_EQ((*documents)[1].id(), "12");
    EXPECT_EQ((*documents)[2].id(), "set.json:4");
  }
}

TEST(RecordSource, AnArrayIsTheFileOrAMemberOrEveryMember) {
  const auto top = ReadAll(v1::DataSpec::JSON_ARRAY, "[{\"x\": 1}, {\"x\": 2, \"id\": 5}]");
  ASSERT_TRUE(top.ok()) << top.status();
  EXPECT_EQ((*top)[0].id(), "set.json:0");
  EXPECT_EQ((*top)[1].id(), "5");

  const std::string object =
      R"({"note": "a ] } \" {", "n": -1.5e3, "words": ["a", "b"], "deep": {"in": [{"no": 1}]},)"
      R"( "exa\u006dples": [{"x": 1}, {"x": [2]}], "empty": [], "more": [{"x": 3}], "last": null})";
  const auto member = ReadAll(v1::DataSpec::JSON_ARRAY, object, "examples");
  ASSERT_TRUE(member.ok()) << member.status();
  ASSERT_EQ(member->size(), 2u);
  EXPECT_EQ((*member)[1].record(), "{\"x\": [2]}");
  EXPECT_EQ((*member)[1].id(), "set.json:examples:1");

  const auto every = ReadAll(v1::DataSpec::JSON_ARRAY, object, "*");
  ASSERT_TRUE(every.ok()) << every.status();
  ASSERT_EQ(every->size(), 3u);
  EXPECT_EQ((*every)[2].id(), "set.json:more:0");
  EXPECT_TRUE(ReadAll(v1::DataSpec::JSON_ARRAY, object, "empty")->empty());
}

TEST(RecordSource, ErrorsOfMembersNameFileAndByte) {
  const struct {
    std::string text;
    std::string field;
    std::string message;
  } cases[] = {
      {"{\"a\": []}", "b", "set.json: the object has no member \"b\""},
      {"{\"a\": 1}", "*", "no member that is an array of objects"},
      {"{\"a\": 1}", "a", "byte 6, after element -1: found '1' where '[', the start of the array \"a\""},
      {"[]", "a", "found '[' where '{', the start of an object with the array \"a\""},
      {"{\"a\": [5]}", "a", "found '5' where '{'"},
      {"{\"a\": [{}] \"b\": 1}", "a", "byte 11, after element 0: found"},
      {"{\"a\": [{}]", "a", "found the end of the file where ',' or '}'"},
      {"{\"a\": [{}]} x", "a", "found 'x' where nothing but white space"},
      {"{\"a\" [{}]}", "a", "found '[' where ':'"},
      {"{5: [{}]}", "a", "found '5' where a member's name"},
      {"{\"b\": , \"a\": [{}]}", "a", "found ',' where a value"},
      {"{\"b\": \"x", "a", "the end of the element"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ReadAll(v1::DataSpec::JSON_ARRAY, c.text, c.field).status();
    EXPECT_FALSE(status.ok()) << c.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.text;
  }
}

TEST(RecordSource, RowsOfCsvBecomeObjectsOfStrings) {
  const auto documents = ReadAll(v1::DataSpec::CSV, "id,\"the, text\"\r\n7,\"a\n\"\"b\"\"\"\r\n,c\xff\r\n");
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].id(), "7");
  EXPECT_EQ((*documents)[0].record(), R"({"id":"7","the, text":"a\n\"b\""})");
  EXPECT_EQ((*documents)[1].id(), "set.json:4");
  EXPECT_EQ((*documents)[1].record(), "{\"id\":\"\",\"the, text\":\"c\xEF\xBF\xBD\"}");
}

TEST(RecordSource, AFileOfTextIsOneDocument) {
  const auto documents = ReadAll(v1::DataSpec::TEXT, GzipForTest("two\nlines\n"));
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 1u);
  EXPECT_EQ((*documents)[0].id(), "set.json");
  EXPECT_EQ((*documents)[0].text(), "two\nlines\n");
  EXPECT_THAT(std::string(ReadAll(v1::DataSpec::TEXT, std::string((32 << 20) + 1, 'x')).status().message()),
              HasSubstr("longer than"));
}

TEST(RecordSource, WhatIsNoObjectIsRefused) {
  EXPECT_THAT(std::string(ReadAll(v1::DataSpec::JSON_LINES, "5\n").status().message()),
              HasSubstr("set.json: line 1: the record is"));
  EXPECT_THAT(std::string(ReadAll(v1::DataSpec::CSV, "a,b\n1\n").status().message()),
              HasSubstr("set.json: line 2: the row has 1 fields"));
}

// Every record of every evaluation set at hand, counted by Python's json and csv modules.
TEST(RecordSource, ReadsEveryEvaluationSet) {
  BONSAI_FIND_TEST_DATA(root, "eval");
  const struct {
    std::string files;
    v1::DataSpec::Format format;
    std::string field;
    size_t records;
  } sets[] = {
      {"gsm8k/*.jsonl", v1::DataSpec::JSON_LINES, "", 8792},
      {"bbh/bbh/*.json", v1::DataSpec::JSON_ARRAY, "examples", 6511},
      {"bbh/bbh/*.json", v1::DataSpec::JSON_ARRAY, "*", 6511},
      {"bbh/cot-prompts/*.txt", v1::DataSpec::TEXT, "", 27},
      {"truthfulqa/TruthfulQA.csv", v1::DataSpec::CSV, "", 817},
      {"truthfulqa/mc_task.json", v1::DataSpec::JSON_ARRAY, "", 817},
      {"chid/*.json", v1::DataSpec::JSON_LINES, "", 2204},
      {"commonsenseqa/*.jsonl", v1::DataSpec::JSON_LINES, "", 10962},
      {"humaneval/HumanEval.jsonl.gz", v1::DataSpec::JSON_LINES, "", 164},
      {"llm_merging/*.csv", v1::DataSpec::CSV, "", 1507},
  };
  for (const auto& set : sets) {
    const auto paths = ListMatchingFiles(root + "/" + set.files);
    ASSERT_TRUE(paths.ok()) << paths.status();
    size_t records = 0;
    for (const std::string& path : *paths) {
      auto reader = SourceReader::Open(set.format, path, set.field);
      ASSERT_TRUE(reader.ok()) << reader.status();
      const auto documents = ReadAll(*std::move(reader));
      ASSERT_TRUE(documents.ok()) << documents.status();
      for (const v1::Document& document : *documents) EXPECT_NE(document.id(), "") << path;
      records += documents->size();
    }
    EXPECT_EQ(records, set.records) << set.files;
  }
}

}  // namespace
}  // namespace bonsai
