// A pack is written from a lineage of the test's making, and then spoiled in every way that a check must see.
#include "evaluator/submission/submission_pack.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "edge_runtime/model/model_fixture.h"
#include "evaluator/submission/folder_verdict.h"
#include "evaluator/tracks/track_file.h"
#include "evaluator/tracks/track_rules.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "storage/manifest.h"
#include "storage/memory_blob_store.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

class SubmissionPackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        absl::StrCat(testing::TempDir(), "/", testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    tracks_ = *LoadTracks("deploy/tracks");
  }

  // An artifact of these files, made from these inputs by a job with this spec. Its files go below `part`.
  std::string Put(const std::string& kind, const std::string& job, const std::string& spec,
                  const Files& files, const std::map<std::string, std::string>& inputs,
                  const std::string& part = "-") {
    v1::Manifest manifest;
    manifest.set_kind(kind);
    for (const auto& [path, bytes] : files) {
      v1::ArtifactFile& file = *manifest.add_files();
      file.set_path(path);
      *file.mutable_blob() = *store_.Put(bytes);
      if (part != "-") Write(part + "/" + path, bytes);
    }
    v1::Lineage& lineage = *manifest.mutable_lineage();
    lineage.set_job_id(job);
    lineage.set_job_kind(job.substr(job.find('/') + 1));
    lineage.set_spec(spec);
    for (const auto& [field, id] : inputs) {
      v1::LineageInput& input = *lineage.add_inputs();
      input.set_field(field);
      input.set_artifact_id(id);
    }
    if (kind == "corpus") {
      lineage.add_sources()->set_dataset(dataset_);
      lineage.mutable_sources(0)->set_published("2020-01-01");
    }
    const std::string id = *PutManifest(store_, manifest);
    Write("lineage/" + id + ".binpb", *store_.Get(id, 1 << 20));
    return id;
  }

  void Write(const std::string& name, const std::string& bytes) {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
  }

  std::string Read(const std::string& name) {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }

  // The lineage: corpus -> pretrain -> evaluate -> row, and an evaluation of another night beside it.
  void PutSubmission(const std::string& track = "open") {
    const std::string corpus =
        Put("corpus", "p1/data", "name: 'data' data { sources { dataset: 'c4' } }", {}, {});
    const std::string model =
        Put("model", "p1/pretrain", "name: 'pretrain' pretrain { tokens: '@data' steps: 3 }",
            edge::FixtureFiles(edge::FixtureConfig(), 1), {{"pretrain.tokens", corpus}}, "model");
    v1::EvaluationReport report;
    report.set_model_id(model);
    v1::SuiteResult* suite = report.add_suites();
    suite->set_suite("bits_per_byte");
    suite->set_degenerate(degenerate_);
    suite->add_metrics()->set_name("bits_per_byte");
    suite->mutable_metrics(0)->set_value(2.25);
    const std::string evaluation =
        Put("evaluation", "p2/evaluate",
            "name: 'evaluate' reuse: true evaluate { model: '" + model +
                "' compare_with: 'x' bits_per_byte { corpus: '@data' } }",
            {{"report.binpb", report.SerializeAsString()}, {"items/gsm8k.binpb", ""}},
            {{"evaluate.model", model},
             {"evaluate.bits_per_byte.corpus", corpus},
             {"evaluate.compare_with", std::string(64, '0')}},
            "reports/evaluation-0");
    v1::LeaderboardRow row;
    row.set_name("pico");
    row.set_track(track);
    row.set_model_id(model);
    *row.mutable_suites() = report.suites();
    if (change_row_ != nullptr) change_row_(row);
    Put("submission", "p2/row",
        "name: 'row' submission { name: 'pico' track: '" + track + "' model: '" + model +
            "' evaluations: '@evaluate' }",
        {{"row.binpb", row.SerializeAsString()}, {"row.json", "{}"}},
        {{"submission.model", model}, {"submission.evaluations[0]", evaluation}}, ".");
  }

  std::vector<std::string> Pack(const std::string& track = "open") {
    const absl::StatusOr<SubmissionFolder> folder = SubmissionFolder::Open(folder_);
    EXPECT_TRUE(folder.ok()) << folder.status();
    if (!folder.ok()) return {};
    const auto said = PackSubmission(*folder, *FindTrack(tracks_, track));
    EXPECT_TRUE(said.ok()) << said.status();
    return said.ok() ? *said : std::vector<std::string>();
  }

  // "rule: why" of each rule that fails.
  std::vector<std::string> Failed(const std::string& track = "open") {
    const absl::StatusOr<SubmissionFolder> folder = SubmissionFolder::Open(folder_);
    if (!folder.ok()) return {std::string(folder.status().message())};
    std::vector<std::string> failed;
    const v1::SubmissionVerdict verdict = JudgeFolder(*folder, *FindTrack(tracks_, track));
    for (const v1::RuleResult& rule : verdict.rules()) {
      if (!rule.passed()) failed.push_back(absl::StrCat(rule.rule(), ": ", rule.why()));
    }
    EXPECT_EQ(verdict.passed(), failed.empty());
    EXPECT_EQ(absl::StrContains(VerdictText(verdict), "FAIL"), !failed.empty());
    return failed;
  }

  MemoryBlobStore store_;
  std::vector<v1::Track> tracks_;
  std::string folder_, dataset_ = "c4", degenerate_;
  void (*change_row_)(v1::LeaderboardRow&) = nullptr;
};

TEST_F(SubmissionPackTest, APackPassesItsOwnCheck) {
  PutSubmission();
  EXPECT_THAT(Failed(), ElementsAre()) << "fetched, but not packed yet";
  EXPECT_THAT(Pack(), ElementsAre("no Results.csv: the track open names no columns", "predictions/: 1 suite",
                                  "pipeline.textproto: 4 jobs make it again"));
  EXPECT_THAT(Failed(), ElementsAre());
  EXPECT_EQ(Read("predictions/evaluation-0/gsm8k.csv"), "id,prediction,dummy_field\n");
  EXPECT_THAT(Read("SHA256SUMS"), HasSubstr("  model/model.safetensors\n"));
  EXPECT_THAT(Read("check.json"), HasSubstr("\"passed\": true"));
  EXPECT_THAT(Read("lineage.txt"), HasSubstr("evaluation of evaluate job p2/evaluate"));
}

TEST_F(SubmissionPackTest, TheResultsSayWhatWasNotMeasured) {
  PutSubmission("duo");
  EXPECT_THAT(Pack("duo").front(), "Results.csv: not measured, and empty: Throughput, Memory-Usage");
  EXPECT_EQ(Read("Results.csv"), "Throughput,Memory-Usage\n,\n");
}

TEST_F(SubmissionPackTest, ThePipelineMakesItAgain) {
  PutSubmission();
  Pack();
  v1::Pipeline pipeline;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(Read("pipeline.textproto"), &pipeline));
  ASSERT_EQ(pipeline.jobs_size(), 4);
  EXPECT_EQ(pipeline.jobs(0).name(), "data");
  EXPECT_EQ(pipeline.jobs(1).pretrain().tokens(), "@data");
  EXPECT_EQ(pipeline.jobs(2).evaluate().model(), "@pretrain") << "it was an artifact's id";
  EXPECT_EQ(pipeline.jobs(2).evaluate().compare_with(), "");
  EXPECT_FALSE(pipeline.jobs(2).reuse());
  EXPECT_EQ(pipeline.jobs(3).submission().evaluations(0), "@evaluate");
}

TEST_F(SubmissionPackTest, SeesEveryFileThatWasChangedOrTaken) {
  PutSubmission();
  Pack();
  Write("model/config.json", "{}");
  fs::remove(folder_ + "/row.json");
  Write("new.txt", "x");
  const std::vector<std::string> failed = Failed();
  ASSERT_GE(failed.size(), 2u);
  EXPECT_THAT(failed[0], HasSubstr("model/config.json is not what artifact"));
  EXPECT_THAT(failed[0], HasSubstr("row.json is missing"));
  EXPECT_THAT(failed[1], HasSubstr("model/config.json was changed"));
  EXPECT_THAT(failed[1], HasSubstr("new.txt is not in SHA256SUMS"));
}

TEST_F(SubmissionPackTest, SeesAManifestThatWasChangedOrTaken) {
  PutSubmission();
  for (const auto& entry : fs::directory_iterator(folder_ + "/lineage")) {
    const std::string name = "lineage/" + entry.path().filename().string(), bytes = Read(name);
    Write(name, bytes + "x");
    EXPECT_THAT(Failed().front(), HasSubstr("its bytes have the SHA-256"));
    fs::remove(entry.path());
    EXPECT_THAT(Failed().front(), ::testing::AnyOf(HasSubstr("not there"), HasSubstr("holds no submission")));
    Write(name, bytes);
  }
  EXPECT_THAT(Failed(), ElementsAre());
}

TEST_F(SubmissionPackTest, SeesFiguresThatNoReportGives) {
  change_row_ = [](v1::LeaderboardRow& row) { row.mutable_suites(0)->mutable_metrics(0)->set_value(1.5); };
  PutSubmission();
  EXPECT_THAT(Failed(), ElementsAre("row: its figures are not those of its reports"));
}

TEST_F(SubmissionPackTest, ADatasetOutsideOfTheTrackIsTold) {
  dataset_ = "commonsenseqa";
  PutSubmission("from_scratch");
  const std::vector<std::string> failed = Failed("from_scratch");
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_EQ(failed[0], "datasets: the model's lineage holds commonsenseqa; allowed: c4, alpaca, alpaca_zh");
  EXPECT_THAT(failed[1], HasSubstr("peak_memory: no benchmark measured it"));
  EXPECT_THAT(Failed("open"), ElementsAre());
}

TEST_F(SubmissionPackTest, AConstantAnswerIsTold) {
  degenerate_ = "answers C to every question";
  PutSubmission();
  EXPECT_THAT(Failed("compression").back(), HasSubstr("bits_per_byte: answers C to every question"));
}

TEST_F(SubmissionPackTest, ABudgetNeedsToKnowHowLongJobsTook) {
  PutSubmission();
  EXPECT_THAT(Failed("merging").back(), HasSubstr("how long job p2/evaluate took is not known"));
  v1::ListJobsResponse jobs;
  for (const auto& entry : fs::directory_iterator(folder_ + "/lineage")) {
    v1::JobRecord& job = *jobs.add_jobs()->mutable_job();
    job.set_id("p2/evaluate");
    job.set_output_id(entry.path().stem().string());
    job.add_attempts()->set_started_unix_ms(1000);
    job.mutable_attempts(0)->set_ended_unix_ms(4000'000);
  }
  Write("jobs.binpb", jobs.SerializeAsString());
  EXPECT_THAT(Failed("merging").back(), HasSubstr("p2/evaluate 3999 s); at most 3600 s"));
}

TEST_F(SubmissionPackTest, AFolderThatIsNoPackIsRefused) {
  EXPECT_THAT(Failed().front(), HasSubstr("is this a folder that `bonsai submission pack` wrote?"));
}

}  // namespace
}  // namespace bonsai
