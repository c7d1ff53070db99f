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
#include "worker/data/loopback_server_testing.h"

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

// Three files of documents: some the same as earlier ones, some too short, some not UTF-8.
v1::DataSpec ThreeFiles(const std::string& folder, uint32_t documents, uint64_t checkpoint_every_bytes) {
  v1::DataSpec spec;
  for (uint32_t file = 0; file < 3; ++file) {
    std::string lines;
    for (uint32_t i = 0; i < documents; ++i) {
      uint32_t state = i % 5 == 4 ? i : 7919 * file + i;
      std::string text = i % 11 == 10 ? "caf\xFF" : "";
      for (uint32_t words = i % 17 == 16 ? 1 : 300; words > 0; --words) {
        state = state * 1664525 + 1013904223;
        text += std::to_string(state >> 22) + " ";
      }
      lines += "{\"text\": \"" + text + "\"}\n";
    }
    Write(folder + "/" + std::to_string(file) + ".json.gz", GzipForTest(lines));
  }
  AddSource(spec, v1::DataSpec::C4_JSON_GZ, testing::TempDir() + "/" + folder + "/*.json.gz");
  spec.set_min_text_bytes(20);
  spec.set_checkpoint_every_bytes(checkpoint_every_bytes);
  return spec;
}

std::string FilesAndSources(FakeRunnerContext& context) {
  const absl::StatusOr<v1::Manifest> manifest = context.Output();
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  if (!manifest.ok()) return "";
  std::string all;
  for (const v1::ArtifactFile& file : manifest->files())
    all += file.path() + " " + file.blob().sha256() + "\n";
  for (const v1::DatasetSource& source : manifest->lineage().sources())
    all += source.ShortDebugString() + "\n";
  return all;
}

TEST(DataRunner, GoesOnFromItsCheckpointsToTheSameBytes) {
  Outcome whole = RunSpec(ThreeFiles("resume", 1000, 0));
  ASSERT_TRUE(whole.status.ok()) << whole.status;
  EXPECT_TRUE(whole.context->checkpoints().empty());
  const uint64_t bytes = whole.context->progress().back().total_steps();
  const v1::DataSpec spec = ThreeFiles("resume", 1000, 250000);
  std::vector<v1::CheckpointWritten> checkpoints;
  const auto attempt = [&](uint64_t stop_at_step) {
    auto context = FakeRunnerContext::Create(testing::TempDir(), whole.context->task().storage_dir());
    *context->mutable_task().mutable_spec()->mutable_data() = spec;
    context->mutable_task().mutable_spec()->mutable_resources()->set_cpus(2);
    context->AddResume(std::string(64, '0'), 99);  // is not there
    for (auto it = checkpoints.rbegin(); it != checkpoints.rend(); ++it)
      context->AddResume(it->manifest_id(), it->step());
    if (stop_at_step > 0) context->RequestStopAtStep(stop_at_step);
    const absl::Status status = RunData(*context);
    EXPECT_EQ(status.code(), stop_at_step > 0 ? absl::StatusCode::kCancelled : absl::StatusCode::kOk)
        << status;
    for (const v1::CheckpointWritten& checkpoint : context->checkpoints()) {
      EXPECT_EQ(checkpoint.step(), checkpoints.size() + 1);
      checkpoints.push_back(checkpoint);
    }
    return context;
  };
  attempt(bytes / 5);
  const size_t before = checkpoints.size();
  EXPECT_GT(before, 1u);
  attempt(bytes / 2);
  EXPECT_GT(checkpoints.size(), before);
  const auto resumed = attempt(0);
  EXPECT_EQ(FilesAndSources(*resumed), FilesAndSources(*whole.context));
  // It did not read the first file again.
  EXPECT_GT(resumed->progress().front().step(), bytes / 3);
}

// What a run gives that goes on from the last checkpoint of another one.
std::unique_ptr<FakeRunnerContext> GoOn(FakeRunnerContext& first) {
  auto context = FakeRunnerContext::Create(testing::TempDir(), first.task().storage_dir());
  context->mutable_task().mutable_spec()->CopyFrom(first.task().spec());
  const v1::CheckpointWritten last = first.checkpoints().back();
  context->AddResume(last.manifest_id(), last.step());
  const absl::Status status = RunData(*context);
  EXPECT_TRUE(status.ok()) << status;
  return context;
}

TEST(DataRunner, TellsProgressWhileItReadsTheDocumentsOfACheckpointAgain) {
  std::string lines;
  for (int i = 0; i < 9000; ++i) lines += "{\"text\": \"a line of some length " + std::to_string(i) + "\"}\n";
  v1::DataSpec spec;
  AddSource(spec, v1::DataSpec::C4_JSON_GZ, Write("again.gz", GzipForTest(lines)));
  spec.set_checkpoint_every_bytes(65536);
  Outcome first = RunSpec(spec);
  ASSERT_TRUE(first.status.ok()) << first.status;
  const v1::Progress progress = GoOn(*first.context)->progress().front();
  EXPECT_EQ(progress.unit(), "documents read again");
  EXPECT_EQ(progress.step(), 4096u);
  EXPECT_GT(progress.total_steps(), 4096u);
  EXPECT_LE(progress.total_steps(), 9000u);
}

TEST(DataRunner, ReportsTheSameOfDocumentsUpToMaxThatEachFillAPart) {
  std::string lines;
  for (const char* digit : {"1", "2", "3"})
    lines += "{\"text\": \"caf\xFF" + std::string(70000, *digit) + "\"}\n";
  v1::DataSpec spec;
  AddSource(spec, v1::DataSpec::C4_JSON_GZ, Write("fills.gz", GzipForTest(lines)));
  spec.set_checkpoint_every_bytes(65536);
  spec.set_max_documents(2);
  Outcome first = RunSpec(spec);
  ASSERT_TRUE(first.status.ok()) << first.status;
  EXPECT_EQ(FilesAndSources(*GoOn(*first.context)), FilesAndSources(*first.context));
}

TEST(DataRunner, DoesNotGoOnFromACheckpointOfOtherFilesOrAnotherSpec) {
  const v1::DataSpec spec = ThreeFiles("others", 150, 65536);
  Outcome first = RunSpec(spec);
  ASSERT_TRUE(first.status.ok()) << first.status;
  const v1::CheckpointWritten last = first.context->checkpoints().back();
  const auto run = [&](const v1::DataSpec& with, bool resume) {
    auto context = FakeRunnerContext::Create(testing::TempDir(), first.context->task().storage_dir());
    *context->mutable_task().mutable_spec()->mutable_data() = with;
    if (resume) context->AddResume(last.manifest_id(), last.step());
    const absl::Status status = RunData(*context);
    EXPECT_TRUE(status.ok()) << status;
    return FilesAndSources(*context);
  };
  v1::DataSpec twice = spec;
  twice.set_keep_duplicates(true);
  const v1::DataSpec other = ThreeFiles("others2", 151, 65536);
  EXPECT_EQ(run(twice, true), run(twice, false));
  EXPECT_EQ(run(other, true), run(other, false));
  EXPECT_EQ(run(spec, true), FilesAndSources(*first.context));
}

TEST(DataRunner, CheckpointsHaveBounds) {
  for (const uint64_t bytes : {uint64_t{1}, uint64_t{65535}, (uint64_t{1} << 46) + 1}) {
    v1::DataSpec spec;
    spec.set_checkpoint_every_bytes(bytes);
    const absl::Status status = RunSpec(spec).status;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("data.checkpoint_every_bytes is " + std::to_string(bytes) +
                          "; valid are 65536 to 70368744177664, or 0 for 1073741824"));
  }
}

TEST(DataRunner, RecordsComeFromAUrlWithTheirDay) {
  const std::string lines = "{\"question\": \"one\"}\n{\"question\": \"two\"}\n{\"question\": \"one\"}\n";
  const LoopbackServer server(GzipForTest(lines), LoopbackServer::Mode::kRanges);
  v1::DataSpec spec;
  v1::DataSpec::Source* source = AddSource(spec, v1::DataSpec::JSON_LINES, "");
  source->clear_paths();
  source->clear_home();
  source->set_url(server.Url("quiz.jsonl.gz"));
  source->set_sha256(Sha256Hex(GzipForTest(lines)));
  source->set_published("2024-04-18");
  Outcome run = RunSpec(spec);
  ASSERT_TRUE(run.status.ok()) << run.status;
  const std::vector<v1::Document> documents = Documents(*run.context);
  ASSERT_EQ(documents.size(), 3u);
  EXPECT_EQ(documents[1].record(), "{\"question\": \"two\"}");
  EXPECT_EQ(documents[1].id(), "quiz.jsonl.gz:2");
  EXPECT_EQ(documents[2].record(), documents[0].record());
  const v1::Manifest manifest = run.context->Output().value();
  EXPECT_EQ(FindProperty(manifest, "format"), "records");
  EXPECT_EQ(manifest.lineage().sources(0).file(), "quiz.jsonl.gz");
  EXPECT_EQ(manifest.lineage().sources(0).home(), server.Url("quiz.jsonl.gz"));
  EXPECT_EQ(manifest.lineage().sources(0).published(), "2024-04-18");
}

TEST(DataRunner, EqualRowsOfABenchmarkAllCount) {
  v1::DataSpec spec;
  AddSource(spec, v1::DataSpec::JSON_ARRAY,
            Write("twice.json", "{\"rows\": [{\"a\": 1}, {\"a\": 1}, {\"a\": 1.0}]}"))
      ->set_records_field("rows");
  Outcome run = RunSpec(spec);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(Documents(*run.context).size(), 3u);
  spec.mutable_sources(0)->set_format(v1::DataSpec::JSON_LINES);
  EXPECT_THAT(std::string(RunSpec(spec).status.message()),
              HasSubstr("data.sources[0].records_field is \"rows\"; only JSON_ARRAY has one"));
}

}  // namespace
}  // namespace bonsai
