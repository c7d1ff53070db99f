#include "client/submission_fetch.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "client/testing/fake_coordinator.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

v1::Lineage MadeFrom(const std::map<std::string, std::string>& inputs) {
  v1::Lineage lineage;
  for (const auto& [field, id] : inputs) {
    v1::LineageInput& input = *lineage.add_inputs();
    input.set_field(field);
    input.set_artifact_id(id);
  }
  return lineage;
}

class SubmissionFetchTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/fetch_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    corpus_ = fake_.AddArtifact("corpus", {{"documents", "once upon a time"}});
    model_ = fake_.AddArtifact("model", {{"model.safetensors", "weights"}, {"config.json", "{}"}},
                               MadeFrom({{"pretrain.tokens", corpus_}}));
    evaluation_ = fake_.AddArtifact(
        "evaluation", {{"report.binpb", "figures"}, {"items/gsm8k.binpb", "items"}},
        MadeFrom({{"evaluate.model", model_}, {"evaluate.compare_with", std::string(64, '0')}}));
    bundle_ = fake_.AddArtifact("bundle", {{"bonsai-bundle", "elf"}}, MadeFrom({{"build.model", model_}}));
    benchmark_ = fake_.AddArtifact("benchmark", {{"report.binpb", "speeds"}},
                                   MadeFrom({{"benchmark.bundle", bundle_}}));
    Submit({{"row.binpb", "the row"}});
    v1::JobStatus job;
    job.mutable_job()->set_id("p1/evaluation");
    job.mutable_job()->set_output_id(evaluation_);
    job.mutable_job()->add_attempts()->set_ended_unix_ms(77);
    fake_.jobs.push_back(job);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Submit(const std::map<std::string, std::string>& files) {
    submission_ = fake_.AddArtifact("submission", files,
                                    MadeFrom({{"submission.model", model_},
                                              {"submission.evaluations[0]", evaluation_},
                                              {"submission.benchmarks[0]", benchmark_}}));
  }

  absl::Status Fetch(const std::string& id, bool whole) {
    CoordinatorClient client(fake_.address());
    return FetchSubmission({id, folder_, whole}, client, session_);
  }

  std::string Read(const std::string& name) {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    return file ? std::string(std::istreambuf_iterator<char>(file), {}) : "not there";
  }

  std::string folder_, corpus_, model_, evaluation_, bundle_, benchmark_, submission_;
  FakeCoordinator fake_;
  std::ostringstream out_, err_;
  Session session_{out_, err_, Screen()};
};

TEST_F(SubmissionFetchTest, APackHasAllThatIsAboutTheModelAndTheManifestsOfTheRest) {
  const absl::Status fetched = Fetch(submission_, true);
  ASSERT_TRUE(fetched.ok()) << fetched;
  EXPECT_EQ(Read("row.binpb"), "the row");
  EXPECT_EQ(Read("model/model.safetensors"), "weights");
  EXPECT_EQ(Read("reports/evaluation-0/items/gsm8k.binpb"), "items");
  EXPECT_EQ(Read("reports/benchmark-0/report.binpb"), "speeds");
  EXPECT_EQ(Read("bundles/benchmark-0/bonsai-bundle"), "elf");
  EXPECT_NE(fs::status(folder_ + "/bundles/benchmark-0/bonsai-bundle").permissions() & fs::perms::owner_exec,
            fs::perms::none);
  for (const std::string& id : {corpus_, model_, evaluation_, bundle_, benchmark_, submission_})
    EXPECT_EQ(Read("lineage/" + id + ".binpb"), fake_.blobs[id]);
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(jobs.ParseFromString(Read("jobs.binpb")));
  ASSERT_EQ(jobs.jobs_size(), 1) << "the others ran elsewhere";
  EXPECT_EQ(jobs.jobs(0).job().attempts(0).ended_unix_ms(), 77);
}

TEST_F(SubmissionFetchTest, ACheckFetchesNoModel) {
  ASSERT_TRUE(Fetch(submission_, false).ok());
  EXPECT_EQ(Read("row.binpb"), "the row");
  EXPECT_EQ(Read("reports/evaluation-0/report.binpb"), "figures");
  EXPECT_EQ(Read("reports/evaluation-0/items/gsm8k.binpb"), "not there");
  EXPECT_EQ(Read("model/model.safetensors"), "not there");
  EXPECT_EQ(Read("bundles/benchmark-0/bonsai-bundle"), "not there");
}

TEST_F(SubmissionFetchTest, RefusesWhatIsNoSubmission) {
  const absl::Status fetched = Fetch(model_, false);
  EXPECT_EQ(fetched.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(fetched.message()), HasSubstr("is of kind model, and no submission"));
}

TEST_F(SubmissionFetchTest, RefusesAPathThatLeavesTheFolder) {
  Submit({{"../row.binpb", "outside"}});
  EXPECT_EQ(Fetch(submission_, false).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(fs::exists(folder_ + "/../row.binpb"));
}

TEST_F(SubmissionFetchTest, RefusesBytesThatAreNotWhatTheirNameSays) {
  for (auto& [sha256, bytes] : fake_.blobs) {
    if (bytes == "figures") bytes = "forgery";
  }
  const absl::Status fetched = Fetch(submission_, false);
  EXPECT_EQ(fetched.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(fetched.message()), HasSubstr("reports/evaluation-0/report.binpb"));
}

}  // namespace
}  // namespace bonsai
