// How attempts end, what follows, and what is not believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

// What a single rank's exit makes of a job that may fail twice.
TEST(AttemptsTest, ExitsLeadToTheirStates) {
  struct Row {
    v1::RankReport::Exit exit;
    bool output;
    v1::AttemptRecord::Outcome outcome;
    v1::JobState state;
  };
  const Row rows[] = {
      {v1::RankReport::DONE, true, v1::AttemptRecord::SUCCEEDED, v1::DONE},
      {v1::RankReport::DONE, false, v1::AttemptRecord::FAILED, v1::READY},
      {v1::RankReport::FAILED, false, v1::AttemptRecord::FAILED, v1::READY},
      {v1::RankReport::FAILED, true, v1::AttemptRecord::FAILED, v1::READY},
      {v1::RankReport::BAD_INPUT, false, v1::AttemptRecord::BAD_INPUT, v1::FAILED},
      {v1::RankReport::PREEMPTED, false, v1::AttemptRecord::PREEMPTED, v1::RUNNING},
      {v1::RankReport::EXIT_UNSPECIFIED, false, v1::AttemptRecord::FAILED, v1::READY},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(v1::RankReport::Exit_Name(row.exit) + (row.output ? " with output" : ""));
    ScheduledWorld world;
    world.Submit({DataJob("a", "max_attempts: 2")});
    world.Sync("w1");
    const std::string output = row.output ? world.MakeArtifact("corpus") : "";
    world.Sync("w1", {Exited("p1/a", 1, 0, row.exit, output, "what it said")});
    EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), row.outcome);
    EXPECT_EQ(world.state("p1/a"), row.state);
    EXPECT_EQ(world.job("p1/a").attempts_size(), row.state == v1::RUNNING ? 2 : 1);
    EXPECT_EQ(world.records().artifacts.size(), row.state == v1::DONE ? 1u : 0u);
  }
}

TEST(AttemptsTest, AFailingJobIsFailedAfterItsAttemptsAndItsDependentsSayWhy) {
  ScheduledWorld world;
  world.Submit(
      {DataJob("a", "max_attempts: 2"), {"name: 'b' tokenizer {}", {"a"}}, {"name: 'c' pack {}", {"b"}}});
  world.Sync("w1");
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::FAILED, "", "no space")});
  EXPECT_EQ(world.state("p1/a"), v1::READY);
  world.PassDeadline();
  EXPECT_EQ(world.state("p1/a"), v1::RUNNING);
  world.Sync("w1", {Exited("p1/a", 2, 0, v1::RankReport::FAILED, "", "no space again")});
  EXPECT_EQ(world.state("p1/a"), v1::FAILED);
  EXPECT_EQ(world.job("p1/a").reason(),
            "attempt 2 failed (failure 2 of at most 2): rank 0 on w1: no space again");
  EXPECT_EQ(world.state("p1/b"), v1::FAILED);
  EXPECT_EQ(world.state("p1/c"), v1::FAILED);
  EXPECT_EQ(world.job("p1/c").reason(), "p1/a failed: " + world.job("p1/a").reason());
  EXPECT_GT(world.job("p1/c").ended_unix_ms(), 0);
}

TEST(AttemptsTest, PreemptedAndLostAttemptsDoNotCountButAreBounded) {
  ScheduledWorld world({.preemptions_max = 3});
  world.Submit({DataJob("a", "max_attempts: 1")});
  world.Sync("w1");
  for (uint32_t attempt = 1; attempt <= 3; ++attempt) {
    world.Sync("w1", {Exited("p1/a", attempt, 0, v1::RankReport::PREEMPTED)});
    EXPECT_EQ(world.state("p1/a"), v1::RUNNING);
  }
  world.Sync("w1", {Exited("p1/a", 4, 0, v1::RankReport::PREEMPTED)});
  EXPECT_EQ(world.state("p1/a"), v1::FAILED);
  EXPECT_THAT(world.job("p1/a").reason(), HasSubstr("4 attempts were preempted"));
}

TEST(AttemptsTest, AnOutputIsTakenOnlyIfItIsWholeAndOfTheRightKind) {
  for (const char* kind : {"model", ""}) {
    ScheduledWorld world;
    world.Submit({DataJob("a", "max_attempts: 1")});
    world.Sync("w1");
    const std::string output = *kind == '\0' ? "unknown" : world.MakeArtifact(kind);
    world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, output)});
    EXPECT_EQ(world.state("p1/a"), v1::FAILED);
    EXPECT_THAT(world.job("p1/a").reason(),
                HasSubstr("no output: " + output + " is not a whole artifact of kind corpus"));
    EXPECT_TRUE(world.records().artifacts.empty());
  }
}

class GangTest : public testing::Test {
 protected:
  GangTest() {
    world_.Sync("w1");
    world_.Sync("w2");
    world_.Submit({{"name: 'g' resources { ranks: 2 } pretrain {} max_attempts: 1", {}}});
    world_.Sync("w1", {Running("p1/g", 1, 0)});
    world_.Sync("w2", {Running("p1/g", 1, 1)});
    EXPECT_EQ(world_.state("p1/g"), v1::RUNNING);
  }

  const v1::AttemptRecord& attempt(int number) { return world_.job("p1/g").attempts(number - 1); }

  ScheduledWorld world_;
};

TEST_F(GangTest, IsDoneOnlyWhenEveryRankIs) {
  const std::string output = world_.MakeArtifact("model");
  const auto response = world_.Sync("w1", {Exited("p1/g", 1, 0, v1::RankReport::DONE, output)});
  EXPECT_EQ(Names(response), "p1/g attempt 1 rank 0")
      << "an exited rank stays desired until its attempt ends";
  EXPECT_EQ(world_.state("p1/g"), v1::RUNNING);
  EXPECT_TRUE(world_.records().artifacts.empty());
  world_.Sync("w2", {Exited("p1/g", 1, 1, v1::RankReport::DONE)});
  EXPECT_EQ(world_.state("p1/g"), v1::DONE);
  EXPECT_EQ(world_.job("p1/g").output_id(), output);
}

TEST_F(GangTest, ARankThatIsDoneIsNotRunAgainByAWorkerThatWasStartedAgain) {
  world_.Sync("w2", {Exited("p1/g", 1, 1, v1::RankReport::DONE)});
  world_.SetSession("w2", "second");
  EXPECT_EQ(Names(world_.Sync("w2")), "");
  world_.Sync("w1", {Exited("p1/g", 1, 0, v1::RankReport::DONE, world_.MakeArtifact("model"))});
  EXPECT_EQ(world_.state("p1/g"), v1::DONE);
}

TEST_F(GangTest, OneFailureStopsTheOthersAndWaitsForThem) {
  world_.Sync("w1", {Exited("p1/g", 1, 0, v1::RankReport::PREEMPTED)});
  EXPECT_EQ(world_.state("p1/g"), v1::RUNNING);
  EXPECT_EQ(attempt(1).outcome(), v1::AttemptRecord::OUTCOME_UNSPECIFIED);
  EXPECT_THAT(world_.job("p1/g").reason(), HasSubstr("being stopped"));
  EXPECT_EQ(Names(world_.Sync("w2", {Running("p1/g", 1, 1)})), "");
  EXPECT_EQ(Names(world_.Sync("w1")), "") << "no new attempt while a rank of the old one is alive";
  EXPECT_EQ(Names(world_.Sync("w2")), "p1/g attempt 2 rank 1");
  EXPECT_EQ(attempt(1).outcome(), v1::AttemptRecord::PREEMPTED);
  EXPECT_EQ(Names(world_.Sync("w1")), "p1/g attempt 2 rank 0");
}

TEST_F(GangTest, AFailureIsNotTheJobsFaultWhenItsPeerHadVanished) {
  world_.Advance(absl::Seconds(5));
  world_.Sync("w1", {Exited("p1/g", 1, 0, v1::RankReport::FAILED, "", "connection reset by peer")});
  EXPECT_EQ(world_.state("p1/g"), v1::RUNNING);
  world_.PassDeadline();
  EXPECT_EQ(attempt(1).outcome(), v1::AttemptRecord::LOST);
  EXPECT_EQ(attempt(1).reason(), "rank 1 on w2: nothing was heard of its worker for a whole lease");
  EXPECT_EQ(world_.state("p1/g"), v1::READY) << "max_attempts is 1, and no attempt failed";
}

TEST_F(GangTest, ABadInputOutranksWhatFollowsFromIt) {
  world_.Sync("w2", {Exited("p1/g", 1, 1, v1::RankReport::FAILED, "", "connection reset by peer")});
  world_.Sync("w1", {Exited("p1/g", 1, 0, v1::RankReport::BAD_INPUT, "", "tokens: shard 3 is short")});
  EXPECT_EQ(world_.state("p1/g"), v1::FAILED);
  EXPECT_EQ(world_.job("p1/g").reason(), "bad input: rank 0 on w1: tokens: shard 3 is short");
}

TEST_F(GangTest, RequeuesJobWhenLeaseExpires) {
  world_.Advance(absl::Seconds(9));
  world_.Sync("w1", {Running("p1/g", 1, 0)});
  world_.PassDeadline();
  EXPECT_EQ(Names(world_.Sync("w1", {Running("p1/g", 1, 0)})), "");
  EXPECT_EQ(world_.state("p1/g"), v1::RUNNING) << "rank 0 has not stopped yet";
  world_.Sync("w1");
  EXPECT_EQ(world_.state("p1/g"), v1::READY);
  EXPECT_EQ(attempt(1).outcome(), v1::AttemptRecord::LOST);
}

TEST_F(GangTest, NothingIsBelievedOfAnOldAttempt) {
  world_.Sync("w1", {Exited("p1/g", 1, 0, v1::RankReport::PREEMPTED)});
  world_.Sync("w2");
  ASSERT_EQ(world_.job("p1/g").attempts_size(), 2);
  const std::string output = world_.MakeArtifact("model");
  v1::RankReport zombie = Exited("p1/g", 1, 0, v1::RankReport::DONE, output);
  zombie.mutable_checkpoint()->set_manifest_id(world_.MakeArtifact("checkpoint"));
  zombie.mutable_checkpoint()->set_step(10);
  world_.Sync("w1", {zombie, Running("p1/g", 2, 0)});
  world_.Sync("w2", {Exited("p1/g", 1, 1, v1::RankReport::DONE), Running("p1/g", 2, 1)});
  EXPECT_EQ(world_.state("p1/g"), v1::RUNNING);
  EXPECT_EQ(world_.job("p1/g").checkpoints_size(), 0);
  EXPECT_EQ(attempt(2).outcome(), v1::AttemptRecord::OUTCOME_UNSPECIFIED);
  EXPECT_TRUE(world_.records().artifacts.empty());
}

TEST_F(GangTest, ARankIsBelievedOnlyFromTheWorkerItWasPlacedOn) {
  world_.Sync("w3", {Exited("p1/g", 1, 0, v1::RankReport::BAD_INPUT)});
  EXPECT_EQ(world_.state("p1/g"), v1::RUNNING);
  EXPECT_EQ(world_.job("p1/g").reason(), "");
}

TEST(AttemptsTest, CheckpointsAreKeptAndHandedToTheNextAttempt) {
  v1::StorageConfig storage;
  storage.set_checkpoints_latest(2);
  ScheduledWorld world({.storage = storage});
  world.Submit({{"name: 't' pretrain {}", {}}});
  world.Sync("w1");
  const auto at_step = [&](uint64_t step, const std::string& kind) {
    v1::RankReport report = Running("p1/t", 1);
    report.mutable_checkpoint()->set_manifest_id(world.MakeArtifact(kind));
    report.mutable_checkpoint()->set_step(step);
    return report;
  };
  for (uint64_t step : {10, 20, 30}) world.Sync("w1", {at_step(step, "checkpoint")});
  world.Sync("w1", {at_step(40, "model")});
  ASSERT_EQ(world.job("p1/t").checkpoints_size(), 2) << "what is no whole checkpoint is not kept";
  EXPECT_EQ(world.job("p1/t").checkpoints(0).step(), 30u);
  v1::RankReport last = at_step(35, "checkpoint");
  last.set_phase(v1::RankReport::EXITED);
  last.set_exit(v1::RankReport::PREEMPTED);
  const auto response = world.Sync("w1", {last});
  ASSERT_EQ(Names(response), "p1/t attempt 2 rank 0");
  ASSERT_EQ(response.desired(0).resume_size(), 2);
  EXPECT_EQ(response.desired(0).resume(0).step(), 35u);
  EXPECT_EQ(response.desired(0).resume(1).step(), 30u);
}

TEST(AttemptsTest, AJobThatIsDoneKeepsNoCheckpointAndOneThatFailedTheNewest) {
  for (const bool done : {true, false}) {
    ScheduledWorld world;
    world.Submit({{"name: 't' max_attempts: 1 pretrain {}", {}}});
    world.Sync("w1");
    for (uint64_t step : {10, 20}) {
      v1::RankReport report = Running("p1/t", 1);
      report.mutable_checkpoint()->set_manifest_id(world.MakeArtifact("checkpoint"));
      report.mutable_checkpoint()->set_step(step);
      world.Sync("w1", {report});
    }
    ASSERT_EQ(world.job("p1/t").checkpoints_size(), 2);
    world.Sync("w1", {done ? Exited("p1/t", 1, 0, v1::RankReport::DONE, world.MakeArtifact("model"))
                           : Exited("p1/t", 1, 0, v1::RankReport::FAILED)});
    ASSERT_EQ(world.state("p1/t"), done ? v1::DONE : v1::FAILED);
    ASSERT_EQ(world.job("p1/t").checkpoints_size(), done ? 0 : 1);
    if (!done) {
      EXPECT_EQ(world.job("p1/t").checkpoints(0).step(), 20u);
    }
  }
}

TEST(AttemptsTest, ALostAnswerIsGivenAgain) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  EXPECT_EQ(Names(world.Sync("w1")), "p1/a attempt 1 rank 0");
  EXPECT_EQ(Names(world.Sync("w1")), "p1/a attempt 1 rank 0");
  EXPECT_EQ(world.job("p1/a").attempts_size(), 1);
}

TEST(AttemptsTest, ARankThatItsWorkerForgotIsLost) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.Sync("w1", {Running("p1/a", 1)});
  EXPECT_EQ(Names(world.Sync("w1")), "p1/a attempt 2 rank 0");
  EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), v1::AttemptRecord::LOST);
}

TEST(AttemptsTest, ARestartedWorkerHasLostItsRanksAtOnce) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.SetSession("w1", "second");
  EXPECT_EQ(Names(world.Sync("w1")), "p1/a attempt 2 rank 0");
  EXPECT_EQ(world.job("p1/a").attempts(0).reason(), "rank 0 on w1: its worker was started again");
  world.SetSession("w1", "w1");
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "") << "the old session is to run nothing";
  world.SetSession("w1", "second");
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 2)})), "p1/a attempt 2 rank 0");
}

TEST(AttemptsTest, ARequestThatComesLateIsNotBelieved) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  WorkerSynchronized late;
  late.request.set_worker_id("w1");
  late.request.set_session("w1");
  late.request.set_sequence(1);
  *late.request.mutable_offer() = world.offer("w1");
  world.Sync("w1", {Running("p1/a", 1)});
  for (const Action& action : world.Apply(late)) {
    EXPECT_FALSE(std::holds_alternative<PutJob>(action));
    if (const auto* reply = std::get_if<ReplySynchronized>(&action)) {
      EXPECT_EQ(Names(reply->response), "p1/a attempt 1 rank 0");
    }
  }
  EXPECT_EQ(world.job("p1/a").attempts_size(), 1);
}

TEST(AttemptsTest, AStrayRankHoldsItsRoomUntilItIsGone) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.Sync("w1", {Running("p1/a", 1)});
  world.PassDeadline();
  EXPECT_EQ(world.state("p1/a"), v1::READY);
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "") << "its old process has the only cpu";
  EXPECT_EQ(world.scheduler().ListWorkers(world.now())[0].cpus_free(), 0u);
  EXPECT_EQ(Names(world.Sync("w1")), "p1/a attempt 2 rank 0");
}

}  // namespace
}  // namespace bonsai
