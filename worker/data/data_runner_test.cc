#include "worker/data/data_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "edge_runtime/model/json.h"
#include "runner/fake_runner_context.h"
#include "storage/digest.h"
#include "storage/document_file.h"
#include "storage/manifest.h"
#include "worker/data/gzip_bytes_testing.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string Write(const std::string& name, const std::string& bytes) {
  const std::string path = testing::TempDir() + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

v1::DataSpec::Source* AddSource(v1::DataSpec& spec, v1::DataSpec::Format format, const std::string& path) {
  v1::DataSpec::Source* source = spec.add_sources();
  source->set_dataset("c4");
  source->set_split("train");
  source->set_licence("ODC-BY");
  source->set_home("https://example.org");
  source->set_format(format);
  source->add_paths(path);
  return source;
}

struct Outcome {
  std::unique_ptr<FakeRunnerContext> context;
  absl::Status status;
};

Outcome RunSpec(const v1::DataSpec& spec, uint32_t cpus = 1) {
  Outcome run{FakeRunnerContext::Create(testing::TempDir()), {}};
  run.context->mutable_task().mutable_spec()->mutable_resources()->set_cpus(cpus);
  *run.context->mutable_task().mutable_spec()->mutable_data() = spec;
  run.status = RunData(*run.context);
  return run;
}

std::vector<v1::Document> Documents(FakeRunnerContext& context) {
  const std::string bytes = context.OutputFile("documents.binpb").value();
  const std::string path = Write("read_back.binpb", bytes);
  auto reader = DocumentReader::Open(path).value();
  std::vector<v1::Document> documents(1);
  while (reader->Next(&documents.back()).value()) documents.emplace_back();
  documents.pop_back();
  return documents;
}

TEST(DataRunner, KeepsEachContentOnceOverAllFilesAndTellsWhereItCameFrom) {
  const std::string first =
      GzipForTest("{\"text\": \"a\"}\n{\"text\": \"b\"}\n{\"text\": \"a\"}\n{\"text\": \"\"}\n");
  Write("dedup/c4.00001.gz", GzipForTest("{\"text\": \"b\"}\n{\"text\": \"caf\xFF\"}\n"));
  Write("dedup/c4.00000.gz", first);
  v1::DataSpec spec;
  AddSource(spec, v1::DataSpec::C4_JSON_GZ, testing::TempDir() + "/dedup/c4.*.gz");
  Outcome run = RunSpec(spec);
  ASSERT_TRUE(run.status.ok()) << run.status;
  const std::vector<v1::Document> documents = Documents(*run.context);
  ASSERT_EQ(documents.size(), 3u);
  EXPECT_EQ(documents[0].text(), "a");
  EXPECT_EQ(documents[1].text(), "b");
  EXPECT_EQ(documents[2].text(), "caf\xEF\xBF\xBD");

  const v1::Manifest manifest = run.context->Output().value();
  EXPECT_EQ(manifest.kind(), "corpus");
  EXPECT_EQ(FindProperty(manifest, "format"), "text");
  EXPECT_EQ(FindProperty(manifest, "documents"), "3");
  EXPECT_EQ(FindProperty(manifest, "duplicates"), "2");
  EXPECT_EQ(FindProperty(manifest, "bytes"), "8");
  ASSERT_EQ(manifest.lineage().sources_size(), 2);
  const v1::DatasetSource& source = manifest.lineage().sources(0);
  EXPECT_EQ(source.file(), "c4.00000.gz");
  EXPECT_EQ(source.dataset(), "c4");
  EXPECT_EQ(source.split(), "train");
  EXPECT_EQ(source.licence(), "ODC-BY");
  EXPECT_EQ(source.home(), "https://example.org");
  EXPECT_EQ(source.sha256(), Sha256Hex(first));
  EXPECT_EQ(source.size_bytes(), first.size());
  EXPECT_EQ(source.documents(), 4u);

  const std::string report = run.context->OutputFile("report.json").value();
  EXPECT_THAT(report, HasSubstr("\"invalid_utf8_bytes_replaced\": 1"));
  EXPECT_THAT(report, HasSubstr("\"empty_dropped\": 1"));
  EXPECT_THAT(report, HasSubstr("\"duplicates_dropped\": 2"));
  ASSERT_FALSE(run.context->progress().empty());
  EXPECT_EQ(run.context->progress().back().step(), run.context->progress().back().total_steps());
}

TEST(DataRunner, DropsDocumentsWithTooLittleTextAndTellsTheScripts) {
  v1::DataSpec spec;
  AddSource(spec, v1::DataSpec::C4_JSON_GZ,
            Write("short.gz",
                  GzipForTest("{\"text\": \" \\n\\t \"}\n{\"text\": \"  abc  \"}\n{\"text\": \"abcd\"}\n"
                              "{\"text\": \"\\u4f60\\u597d abcdef\"}\n{\"text\": \"12345\"}\n")));
  spec.set_min_text_bytes(4);
  Outcome run = RunSpec(spec);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(Documents(*run.context).size(), 3u);
  std::string error;
  const auto report = edge::JsonValue::Parse(run.context->OutputFile("report.json").value(), &error);
  ASSERT_TRUE(report.has_value()) << error;
  EXPECT_EQ(report->Find("empty_dropped")->integer(), 1);
  EXPECT_EQ(report->Find("too_short_dropped")->integer(), 1);
  EXPECT_EQ(report->Find("sources")->items()[0].Find("too_short_dropped")->integer(), 1);
  const edge::JsonValue* scripts = report->Find("scripts");
  EXPECT_EQ(scripts->Find("letters")->integer(), 12);
  EXPECT_NEAR(scripts->Find("han")->number(), 2.0 / 12, 1e-9);
  EXPECT_EQ(scripts->Find("documents")->Find("mostly_latin")->integer(), 2);
  EXPECT_EQ(scripts->Find("documents")->Find("without_letters")->integer(), 1);
  EXPECT_EQ(report->Find("document_bytes")->Find("median")->integer(), 5);
  const v1::Manifest manifest = run.context->Output().value();
  EXPECT_EQ(FindProperty(manifest, "document_bytes"), "smallest 4, median 5, p90 13, p99 13, largest 13");
  EXPECT_EQ(FindProperty(manifest, "scripts"), "Latin 83.3 %, Han 16.7 %, other 0.0 % of the letters");
  EXPECT_EQ(FindProperty(manifest, "licences"), "ODC-BY");
}

TEST(DataRunner, GivesTheSameBytesForTheSameFilesAndAnyNumberOfThreads) {
  v1::DataSpec spec;
  std::string lines;
  for (int i = 0; i < 3000; ++i) lines += "{\"text\": \"line " + std::to_string(i % 1700) + "\"}\n";
  AddSource(spec, v1::DataSpec::C4_JSON_GZ, Write("same.gz", GzipForTest(lines)));
  AddSource(spec, v1::DataSpec::C4_JSON_GZ, Write("same2.gz", GzipForTest(lines + "{\"text\": \"z\"}\n")));
  Outcome a = RunSpec(spec);
  Outcome b = RunSpec(spec, 3);
  ASSERT_TRUE(a.status.ok()) << a.status;
  EXPECT_EQ(a.context->Output()->files(0).blob().sha256(), b.context->Output()->files(0).blob().sha256());
  EXPECT_EQ(a.context->OutputFile("report.json").value(), b.context->OutputFile("report.json").value());
}

TEST(DataRunner, StopsAtMaxDocumentsAndKeepsDuplicatesWhenAsked) {
  v1::DataSpec spec;
  AddSource(spec, v1::DataSpec::C4_JSON_GZ,
            Write("max.gz", GzipForTest("{\"text\": \"a\"}\n{\"text\": \"a\"}\n{\"text\": \"b\"}\n")));
  AddSource(spec, v1::DataSpec::C4_JSON_GZ, Write("max2.gz", GzipForTest("{\"text\": \"z\"}\n")));
  spec.set_keep_duplicates(true);
  spec.set_max_documents(2);
  Outcome run = RunSpec(spec);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(Documents(*run.context).size(), 2u);
  EXPECT_EQ(run.context->Output()->lineage().sources_size(), 1);
  spec.set_keep_duplicates(false);
  run = RunSpec(spec);
  ASSERT_EQ(Documents(*run.context).size(), 2u);
  EXPECT_EQ(Documents(*run.context)[1].text(), "b");
}

TEST(DataRunner, ChecksTheDigestOfAFile) {
  const std::string bytes = GzipForTest("{\"text\": \"a\"}\n");
  v1::DataSpec spec;
  v1::DataSpec::Source* source = AddSource(spec, v1::DataSpec::C4_JSON_GZ, Write("digest.gz", bytes));
  source->set_sha256(Sha256Hex(bytes));
  EXPECT_TRUE(RunSpec(spec).status.ok());
  source->set_sha256(Sha256Hex("other"));
  EXPECT_EQ(RunSpec(spec).status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(RunSpec(spec).status.message()), HasSubstr("data.sources[0].sha256"));
  source->set_sha256("abc");
  EXPECT_EQ(RunSpec(spec).status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(DataRunner, RefusesBadSpecsAndFilesAndPublishesNothing) {
  const std::string good = Write("good.gz", GzipForTest("{\"text\": \"a\"}\n"));
  const struct {
    std::string path;
    v1::DataSpec::Format format;
    absl::StatusCode code;
    std::string message;
  } cases[] = {
      {testing::TempDir() + "/absent*.gz", v1::DataSpec::C4_JSON_GZ, absl::StatusCode::kNotFound,
       "data.sources[1].paths[0]: no file matches"},
      {testing::TempDir() + "/absent.gz", v1::DataSpec::C4_JSON_GZ, absl::StatusCode::kNotFound,
       "there is no file"},
      {Write("plain.gz", "{\"text\": \"a\"}\n"), v1::DataSpec::C4_JSON_GZ, absl::StatusCode::kDataLoss,
       "plain.gz: byte "},
      {Write("cut.gz", GzipForTest("{\"text\": \"a\"}\n").substr(0, 20)), v1::DataSpec::C4_JSON_GZ,
       absl::StatusCode::kDataLoss, "cut.gz: byte 20"},
      {Write("shape.gz", GzipForTest("{\"text\": \"x\"}\n{\"body\": \"a\"}\n")), v1::DataSpec::C4_JSON_GZ,
       absl::StatusCode::kInvalidArgument, "shape.gz: line 2: key \"text\" is missing"},
      {good, v1::DataSpec::ALPACA_JSON, absl::StatusCode::kInvalidArgument, "data.sources[1].format gives"},
      {good, v1::DataSpec::FORMAT_UNSPECIFIED, absl::StatusCode::kInvalidArgument,
       "data.sources[1]: format is"},
  };
  for (const auto& c : cases) {
    v1::DataSpec spec;
    AddSource(spec, v1::DataSpec::C4_JSON_GZ, good);
    AddSource(spec, c.format, c.path);
    const Outcome run = RunSpec(spec);
    EXPECT_EQ(run.status.code(), c.code) << run.status;
    EXPECT_THAT(std::string(run.status.message()), HasSubstr(c.message));
    EXPECT_FALSE(run.context->Output().ok());
  }
  EXPECT_THAT(std::string(RunSpec({}).status.message()), HasSubstr("data.sources is empty"));
  v1::DataSpec empty;
  AddSource(empty, v1::DataSpec::C4_JSON_GZ, Write("empty.gz", GzipForTest("")));
  EXPECT_EQ(RunSpec(empty).status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(DataRunner, LeavesWhenAskedTo) {
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "{\"text\": \"line " + std::to_string(i) + "\"}\n";
  v1::DataSpec spec;
  AddSource(spec, v1::DataSpec::C4_JSON_GZ, Write("long.gz", GzipForTest(lines)));
  auto context = FakeRunnerContext::Create(testing::TempDir());
  *context->mutable_task().mutable_spec()->mutable_data() = spec;
  context->RequestStop();
  EXPECT_EQ(RunData(*context).code(), absl::StatusCode::kCancelled);
}

TEST(DataRunner, ReadsTheRealDataSets) {
  const char* set = std::getenv("BONSAI_TEST_DATA");
  const std::string data = (set != nullptr ? std::string(set) : "../shared") + "/data";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "skipped: no data (" << data << ")";
  const struct {
    v1::DataSpec::Format format;
    std::string path;
    std::string format_name;
    uint64_t records;
  } cases[] = {
      {v1::DataSpec::C4_JSON_GZ, "/c4/c4-train.*.json.gz", "text", 3810},
      {v1::DataSpec::ALPACA_JSON, "/alpaca/alpaca_data.json", "instructions", 52002},
      {v1::DataSpec::COMMONSENSEQA_JSONL, "/eval/commonsenseqa/dev_rand_split.jsonl", "multiple_choice",
       1221},
  };
  for (const auto& c : cases) {
    v1::DataSpec spec;
    AddSource(spec, c.format, data + c.path);
    Outcome run = RunSpec(spec);
    ASSERT_TRUE(run.status.ok()) << run.status;
    const v1::Manifest manifest = run.context->Output().value();
    EXPECT_EQ(FindProperty(manifest, "format"), c.format_name);
    uint64_t records = 0;
    for (const v1::DatasetSource& source : manifest.lineage().sources()) records += source.documents();
    EXPECT_EQ(records, c.records) << c.path;
  }
}

}  // namespace
}  // namespace bonsai
