// Pause, retry from failed, cordon and drain, and what one tenant may do to another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

v1::RankReport WithCheckpoint(ScheduledWorld& world, v1::RankReport report, uint64_t step) {
  report.mutable_checkpoint()->set_manifest_id(world.MakeArtifact("checkpoint"));
  report.mutable_checkpoint()->set_step(step);
  return report;
}

TEST(PauseTest, NothingOfAPausedPipelineStartsAndWhatRunsLeaves) {
  ScheduledWorld world;
  world.SetCpus("w1", 2);
  world.Submit({DataJob("a"), DataJob("b"), {"name: 'c' tokenizer {}", {"a"}}});
  world.Sync("w1");
  world.Sync("w1",
             {Running("p1/a", 1), Exited("p1/b", 1, 0, v1::RankReport::DONE, world.MakeArtifact("corpus"))});
  EXPECT_THAT(world.Pause("p1").job_ids(), ElementsAre("p1/a", "p1/c"));
  EXPECT_TRUE(world.records().pipelines.at("p1").paused());
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "");
  EXPECT_EQ(Names(world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::PREEMPTED)})), "");
  EXPECT_EQ(world.state("p1/a"), v1::READY);
  EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), v1::AttemptRecord::PREEMPTED);
  EXPECT_EQ(world.scheduler().ExplainPending("p1/a"), "pipeline p1 is paused");
  EXPECT_THAT(world.Pause("p1").job_ids(), IsEmpty()) << "it is paused already";
  world.Restart();
  EXPECT_EQ(Names(world.Sync("w1")), "");
  EXPECT_THAT(world.Pause("p1", /*resume=*/true).job_ids(), ElementsAre("p1/a", "p1/c"));
  EXPECT_EQ(Names(world.Sync("w1")), "p1/a attempt 2 rank 0");
}

TEST(PauseTest, AnAttemptThatWasAskedToLeaveIsStillAskedAfterARestart) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.Pause("p1");
  world.Restart();
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "");
  world.Sync("w1");
  EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), v1::AttemptRecord::PREEMPTED);
  EXPECT_EQ(world.state("p1/a"), v1::READY);
}

TEST(PauseTest, APausedPipelineCanBeCancelled) {
  ScheduledWorld world;
  world.Submit({DataJob("a"), DataJob("b")});
  world.Sync("w1");
  world.Pause("p1");
  world.Cancel("p1");
  EXPECT_EQ(world.state("p1/b"), v1::CANCELLED);
  world.Sync("w1");
  EXPECT_EQ(world.state("p1/a"), v1::CANCELLED);
  EXPECT_EQ(world.Refusal(PauseRequested{"p9"}).message(), "there is no pipeline \"p9\"");
}

class RetryTest : public testing::Test {
 protected:
  // a is done, b has failed for good after a checkpoint, c needs b, d needs c and other.
  RetryTest() {
    world_.SetCpus("w1", 4);
    world_.Submit({DataJob("a"),
                   {"name: 'b' pretrain {} max_attempts: 1", {"a"}},
                   {"name: 'c' export {}", {"b"}},
                   DataJob("other", "max_attempts: 1"),
                   {"name: 'd' pack {}", {"c", "other"}}});
    world_.Sync("w1");
    world_.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, world_.MakeArtifact("corpus")),
                       Running("p1/other", 1)});
    world_.Sync("w1", {WithCheckpoint(world_, Running("p1/b", 1), 40), Running("p1/other", 1)});
    world_.Sync("w1", {Exited("p1/b", 1, 0, v1::RankReport::FAILED, "", "NaN"), Running("p1/other", 1)});
    EXPECT_EQ(world_.state("p1/b"), v1::FAILED);
    EXPECT_EQ(world_.state("p1/d"), v1::FAILED);
    EXPECT_EQ(world_.state("p1/other"), v1::RUNNING);
  }
  void FailOther() {
    world_.Sync("w1", {Exited("p1/other", 1, 0, v1::RankReport::FAILED, "", "no space")});
    EXPECT_EQ(world_.state("p1/other"), v1::FAILED);
  }

  ScheduledWorld world_;
};

TEST_F(RetryTest, WhatFailedGoesOnWhereItStoppedAndWhatIsDoneStaysDone) {
  const std::string output = world_.job("p1/a").output_id();
  EXPECT_THAT(world_.Retry("p1").job_ids(), ElementsAre("p1/b", "p1/c", "p1/d"));
  EXPECT_EQ(world_.job("p1/a").output_id(), output);
  EXPECT_EQ(world_.job("p1/b").failures(), 0u);
  EXPECT_THAT(world_.job("p1/b").excluded_workers(), IsEmpty());
  EXPECT_EQ(world_.state("p1/c"), v1::WAITING);
  const auto response = world_.Sync("w1", {Running("p1/other", 1)});
  ASSERT_EQ(Names(response), "p1/b attempt 2 rank 0, p1/other attempt 1 rank 0");
  EXPECT_EQ(response.desired(0).inputs(0).artifact_id(), output);
  ASSERT_EQ(response.desired(0).resume_size(), 1);
  EXPECT_EQ(response.desired(0).resume(0).step(), 40u);
  world_.Sync("w1", {Exited("p1/b", 1, 0, v1::RankReport::DONE, world_.MakeArtifact("model")),
                     Running("p1/b", 2), Running("p1/other", 1)});
  EXPECT_EQ(world_.state("p1/b"), v1::RUNNING) << "what the first attempt says is not believed";
}

TEST_F(RetryTest, ARetriedJobMayFailAsOftenAsANewOne) {
  world_.Retry("p1/b");
  world_.Sync("w1", {Running("p1/other", 1)});
  world_.Sync("w1", {Exited("p1/b", 2, 0, v1::RankReport::FAILED, "", "NaN"), Running("p1/other", 1)});
  EXPECT_EQ(world_.job("p1/b").reason(), "attempt 2 failed (failure 1 of at most 1): rank 0 on w1: NaN");
  EXPECT_EQ(world_.state("p1/c"), v1::FAILED);
  world_.Restart();
  EXPECT_THAT(world_.Retry("p1/b").job_ids(), SizeIs(3));
}

TEST_F(RetryTest, OneJobTakesWithItWhatItNeedsAndWhatCanFollow) {
  FailOther();
  EXPECT_THAT(world_.Retry("p1/b").job_ids(), ElementsAre("p1/b", "p1/c"))
      << "d needs other, which stays failed";
  EXPECT_THAT(world_.Retry("p1/d").job_ids(), ElementsAre("p1/other", "p1/d"));
  EXPECT_EQ(world_.state("p1/d"), v1::WAITING);
  EXPECT_EQ(world_.scheduler().ExplainPending("p1/d"), "waits for p1/c, p1/other");
}

TEST_F(RetryTest, SaysWhyNothingCanBeRetried) {
  const auto refusal = [&](const std::string& id) {
    return std::string(world_.Refusal(RetryRequested{id}).message());
  };
  EXPECT_EQ(refusal("p9"), "there is no job or pipeline \"p9\"");
  EXPECT_EQ(refusal("p1/a"), "p1/a is done; only a job that failed or was cancelled can be retried");
  EXPECT_EQ(refusal("p1/other"),
            "p1/other is running; only a job that failed or was cancelled can be retried");
  world_.Retry("p1");
  EXPECT_EQ(refusal("p1"), "nothing of p1 failed or was cancelled: 2 waiting, 2 running, 1 done");
  world_.Sync("w1", {Running("p1/b", 2), Running("p1/other", 1)});
  world_.Cancel("p1/b");
  EXPECT_THAT(refusal("p1"), HasSubstr("p1/b is still being cancelled; try again once"));
  EXPECT_THAT(refusal("p1/c"), HasSubstr("p1/b is still being cancelled"));
}

TEST(DrainTest, ACordonedWorkerGetsNothingNewAndKeepsWhatItRuns) {
  ScheduledWorld world;
  world.SetCpus("w1", 2);
  world.Submit({DataJob("a")});
  world.Sync("w1");
  EXPECT_TRUE(world.SetWorker("w1", v1::SetWorkerRequest::CORDON).cordoned());
  world.Submit({DataJob("b")});
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "p1/a attempt 1 rank 0");
  EXPECT_EQ(world.scheduler().ExplainPending("p2/b"), "every connected worker is leaving or cordoned");
  EXPECT_EQ(world.scheduler().ListWorkers(world.now())[0].record().reason(), "new disk");
  world.Restart();
  world.Sync("w1", {Running("p1/a", 1)});
  EXPECT_EQ(world.state("p2/b"), v1::READY);
  EXPECT_FALSE(world.SetWorker("w1", v1::SetWorkerRequest::UNCORDON).cordoned());
  EXPECT_EQ(world.state("p2/b"), v1::RUNNING);
  EXPECT_THAT(world.records().workers, IsEmpty());
}

TEST(DrainTest, WhatRunsOnADrainedWorkerLeavesWithACheckpointAndStartsElsewhere) {
  ScheduledWorld world;
  world.Submit({{"name: 't' pretrain {}", {}}});
  world.Sync("w1");
  world.Sync("w1", {Running("p1/t", 1)});
  EXPECT_TRUE(world.SetWorker("w1", v1::SetWorkerRequest::DRAIN).drained());
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/t", 1)})), "");
  world.Sync("w2");
  EXPECT_EQ(world.state("p1/t"), v1::RUNNING);
  world.Sync("w1", {WithCheckpoint(world, Exited("p1/t", 1, 0, v1::RankReport::PREEMPTED), 12)});
  EXPECT_EQ(world.job("p1/t").attempts(0).outcome(), v1::AttemptRecord::PREEMPTED);
  EXPECT_EQ(world.job("p1/t").attempts(0).reason(), "worker w1 is drained by anonymous: new disk");
  const auto response = world.Sync("w2");
  ASSERT_EQ(Names(response), "p1/t attempt 2 rank 0");
  EXPECT_EQ(response.desired(0).resume(0).step(), 12u);
  EXPECT_THAT(world.job("p1/t").excluded_workers(), IsEmpty()) << "it did nothing wrong";
}

TEST(DrainTest, AWorkerMayBeCordonedBeforeItConnects) {
  ScheduledWorld world;
  world.SetWorker("w9", v1::SetWorkerRequest::CORDON);
  ASSERT_THAT(world.scheduler().ListWorkers(world.now()), SizeIs(1));
  EXPECT_FALSE(world.scheduler().ListWorkers(world.now())[0].live());
  world.Submit({DataJob("a")});
  EXPECT_EQ(Names(world.Sync("w9")), "");
}

TEST(DrainTest, ADrainGoesOnAfterARestart) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.SetWorker("w1", v1::SetWorkerRequest::DRAIN);
  world.Restart();
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "");
  world.Sync("w1");
  EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), v1::AttemptRecord::PREEMPTED);
}

TEST(TenancyTest, WhatBelongsToAnotherTenantDoesNotExist) {
  ScheduledWorld world;
  world.SetActor({"ada", "red", false});
  world.Submit({DataJob("a")});
  EXPECT_EQ(world.records().pipelines.at("p1").tenant(), "red");
  EXPECT_EQ(world.records().pipelines.at("p1").submitter(), "ada");
  EXPECT_EQ(world.job("p1/a").tenant(), "red");
  EXPECT_EQ(world.job("p1/a").queue(), "default");
  const Actor bob{"bob", "blue", false};
  for (const std::string id : {"p1", "p9"}) {
    const std::string missing = absl::StrCat("there is no job or pipeline \"", id, "\"");
    EXPECT_EQ(world.Refusal(CancelRequested{id, bob}), absl::NotFoundError(missing));
    EXPECT_EQ(world.Refusal(RetryRequested{id, bob}), absl::NotFoundError(missing));
    EXPECT_EQ(world.Refusal(PauseRequested{id, false, bob}),
              absl::NotFoundError(absl::StrCat("there is no pipeline \"", id, "\"")));
  }
  EXPECT_EQ(world.Refusal(CancelRequested{"p1/a", bob}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(world.state("p1/a"), v1::READY);
  WorkerSet cordon{{}, bob};
  cordon.request.set_worker_id("w1");
  cordon.request.set_action(v1::SetWorkerRequest::CORDON);
  EXPECT_EQ(world.Refusal(cordon).code(), absl::StatusCode::kPermissionDenied);
  world.SetActor({"root", "default", true});
  EXPECT_THAT(world.Cancel("p1").job_ids(), ElementsAre("p1/a")) << "an admin may";
}

TEST(TenancyTest, TwoTenantsMayDrawTheSameRequestId) {
  ScheduledWorld world;
  world.SetActor({"ada", "red", false});
  EXPECT_EQ(world.Submit({DataJob("a")}, "r"), "p1");
  world.SetActor({"bob", "blue", false});
  EXPECT_EQ(world.Submit({DataJob("a")}, "r"), "p2");
  world.Restart();
  EXPECT_EQ(world.Submit({DataJob("a")}, "r"), "p2");
}

}  // namespace
}  // namespace bonsai
