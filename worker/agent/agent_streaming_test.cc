// A real bonsai-worker whose storage folder is its own, with fake runners, against a fake coordinator.
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "storage/manifest.h"
#include "worker/agent/agent_test_fixture.h"

namespace bonsai {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class AgentStreamingTest : public AgentTest {
 protected:
  AgentStreamingTest() { Stream(); }

  // An artifact that the coordinator has.
  std::string MakeThere(const std::string& text) {
    v1::Manifest manifest;
    manifest.set_kind("corpus");
    manifest.add_files()->set_path("file");
    *manifest.mutable_files(0)->mutable_blob() = *coordinator_->blobs().Put(text);
    return *PutManifest(coordinator_->blobs(), manifest);
  }
  static v1::Task WithInput(v1::Task task, const std::string& id) {
    v1::ResolvedInput& input = *task.add_inputs();
    input.set_field("tokenizer.corpus");
    input.set_artifact_id(id);
    return task;
  }
  void ExpectThere(const std::string& id) {
    absl::StatusOr<v1::Manifest> manifest = GetManifest(coordinator_->blobs(), id);
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    EXPECT_TRUE(VerifyArtifact(coordinator_->blobs(), *manifest).ok());
  }
};

TEST_F(AgentStreamingTest, InputsAreThereWhenTheRankStartsAndItsOutputWhenItIsReported) {
  const std::string input = MakeThere("once upon a time");
  coordinator_->Desire(
      {WithInput(TaskOf("p1/a", {"input", "publish:checkpoint:half", "publish:corpus:result"}), input)});
  StartWorker();
  const v1::RankReport report = WaitForExit("p1/a");
  EXPECT_EQ(report.exit(), v1::RankReport::DONE) << report.message();
  ExpectThere(report.output_id());
  ExpectThere(report.checkpoint().manifest_id());
  EXPECT_THAT(coordinator_->Log("p1/a"), HasSubstr("input holds once upon a time"));
  const auto offer =
      coordinator_->WaitFor([](const auto& request) { return request.offer().cached_artifacts_size() == 3; });
  EXPECT_FALSE(offer.offer().shares_storage());
  EXPECT_NE(offer.offer().rendezvous_address(), "");
  EXPECT_THAT(offer.offer().cached_artifacts(), Contains(input));
  // What rots in the cache is fetched again.
  for (const auto& blob : std::filesystem::recursive_directory_iterator(dir_ + "/storage/blobs")) {
    if (!blob.is_regular_file()) continue;
    const auto size = blob.file_size();
    std::filesystem::permissions(blob, std::filesystem::perms(0644));
    std::ofstream(blob.path()) << std::string(size, 'r');
  }
  coordinator_->Desire({WithInput(TaskOf("p1/b", {"input", "publish:corpus:result"}), input)});
  EXPECT_EQ(WaitForExit("p1/b").exit(), v1::RankReport::DONE);
  EXPECT_THAT(coordinator_->Log("p1/b"), HasSubstr("input holds once upon a time"));
}

TEST_F(AgentStreamingTest, AnInputThatCannotBeHadIsTheWorkersFailureNotTheJobs) {
  coordinator_->Desire({WithInput(TaskOf("p1/a", {"artifact"}), std::string(64, 'a'))});
  StartWorker();
  const v1::RankReport report = WaitForExit("p1/a");
  EXPECT_EQ(report.exit(), v1::RankReport::WORKER_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("inputs could not be fetched: input tokenizer.corpus"));
}

TEST_F(AgentStreamingTest, ARankWhoseInputsDoNotComeCanBeStopped) {
  const std::string input = MakeThere("once upon a time");
  coordinator_->SetArtifactsAway(true);
  coordinator_->Desire({WithInput(TaskOf("p1/a", {"hang"}), input)});
  StartWorker();
  WaitForRank("p1/a", [](const auto& rank) { return rank.phase() == v1::RankReport::STARTING; });
  coordinator_->Desire({});
  WaitForNoRanks();
}

TEST_F(AgentStreamingTest, AnUploadThatLagsDoesNotStopTheRunnerAndIsReportedWhenItIsThrough) {
  coordinator_->SetArtifactsAway(true);
  coordinator_->Desire(
      {TaskOf("p1/a", {"publish:checkpoint:one", "print:went on", "publish:corpus:result"})});
  StartWorker();
  coordinator_->WaitForLog("p1/a", "went on");
  const v1::RankReport report = WaitForRank("p1/a", [](const auto&) { return true; });
  EXPECT_EQ(report.checkpoint().manifest_id(), "");
  EXPECT_NE(report.phase(), v1::RankReport::EXITED);
  coordinator_->SetArtifactsAway(false);
  const v1::RankReport done = WaitForExit("p1/a");
  EXPECT_EQ(done.exit(), v1::RankReport::DONE) << done.message();
  ExpectThere(done.output_id());
  ExpectThere(done.checkpoint().manifest_id());
}

TEST_F(AgentStreamingTest, AnAgentThatWasKilledInTheMiddleOfAnUploadFindsItsWorkAndBringsItAgain) {
  coordinator_->SetArtifactsAway(true);
  coordinator_->Desire({TaskOf("p1/a", {"publish:corpus:result"})});
  StartWorker();
  WaitForRank("p1/a", [](const auto& rank) { return rank.phase() == v1::RankReport::RUNNING; });
  KillWorker();
  coordinator_->SetArtifactsAway(false);
  StartWorker();
  const v1::RankReport report = WaitForExit("p1/a");
  EXPECT_EQ(report.exit(), v1::RankReport::DONE) << report.message();
  ExpectThere(report.output_id());
}

TEST_F(AgentStreamingTest, ALeavingWorkerDoesNotWaitForACoordinatorThatTakesNothing) {
  coordinator_->SetArtifactsAway(true);
  coordinator_->Desire({TaskOf("p1/a", {"publish:corpus:result"})});
  StartWorker(/*grace_ms=*/"300");
  WaitForRank("p1/a", [](const auto& rank) { return rank.phase() == v1::RankReport::RUNNING; });
  kill(worker_, SIGTERM);
  EXPECT_EQ(WorkerExit(), 0);
}

TEST_F(AgentStreamingTest, AGangWithoutAPlaceToMeetIsRefusedWithTheReason) {
  v1::Task task = TaskOf("p1/a", {"artifact"});
  task.set_ranks(2);
  task.set_rendezvous_address("none");
  coordinator_->Desire({task});
  StartWorker();
  const v1::RankReport report = WaitForExit("p1/a");
  EXPECT_EQ(report.exit(), v1::RankReport::WORKER_FAILED);
  EXPECT_THAT(report.message(), HasSubstr("no address where they could meet"));
}

}  // namespace
}  // namespace bonsai
