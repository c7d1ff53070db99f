// When a job is tried again, where it had better not run, and how long an attempt may take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::RankReport AtStep(const std::string& job_id, uint32_t attempt, uint64_t step) {
  v1::RankReport report = Running(job_id, attempt);
  report.mutable_progress()->set_step(step);
  return report;
}

TEST(RetriesTest, AFailedJobWaitsBeforeItIsTriedAgainAndAvoidsItsWorker) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  EXPECT_EQ(Names(world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::FAILED, "", "disk full")})), "");
  EXPECT_EQ(world.state("p1/a"), v1::READY);
  EXPECT_THAT(world.job("p1/a").excluded_workers(), ElementsAre("w1"));
  EXPECT_EQ(world.job("p1/a").failures(), 1u);
  const absl::Time not_before = absl::FromUnixMillis(world.job("p1/a").not_before_unix_ms());
  EXPECT_GE(not_before, world.now() + absl::Milliseconds(750));
  EXPECT_LE(not_before, world.now() + absl::Milliseconds(1251));
  EXPECT_EQ(world.scheduler().NextDeadline(), not_before);
  EXPECT_THAT(world.scheduler().ExplainPending("p1/a"), HasSubstr("backs off until 1970-01-12T13:46:4"));
  world.Restart();
  world.Sync("w1");
  EXPECT_EQ(world.state("p1/a"), v1::READY) << "it is durable";
  EXPECT_EQ(world.scheduler().NextDeadline(), not_before);
  world.PassDeadline();
  EXPECT_EQ(world.state("p1/a"), v1::RUNNING) << "where there is no other worker, an avoided one will do";
}

TEST(RetriesTest, EachFurtherFailureWaitsLonger) {
  ScheduledWorld world;
  world.Submit({DataJob("a", "max_attempts: 10")});
  world.Sync("w1");
  absl::Duration last;
  for (uint32_t attempt = 1; attempt <= 5; ++attempt) {
    world.Sync("w1", {Exited("p1/a", attempt, 0, v1::RankReport::FAILED)});
    const absl::Duration backoff = absl::FromUnixMillis(world.job("p1/a").not_before_unix_ms()) - world.now();
    EXPECT_GT(backoff, last);
    last = backoff;
    world.Advance(backoff);
    world.Sync("w1");
    ASSERT_EQ(world.state("p1/a"), v1::RUNNING);
  }
  EXPECT_GT(last, absl::Seconds(11));
}

TEST(RetriesTest, NeitherTheFirstLossNorAPreemptionWaits) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.SetSession("w1", "second");
  EXPECT_EQ(Names(world.Sync("w1")), "p1/a attempt 2 rank 0") << "its worker was started again";
  EXPECT_EQ(Names(world.Sync("w1", {Exited("p1/a", 2, 0, v1::RankReport::PREEMPTED)})),
            "p1/a attempt 3 rank 0");
  EXPECT_EQ(world.job("p1/a").losses(), 1u);
  EXPECT_EQ(world.job("p1/a").preemptions(), 1u);
  EXPECT_EQ(world.job("p1/a").failures(), 0u);
  world.SetSession("w1", "third");
  EXPECT_EQ(Names(world.Sync("w1")), "");
  EXPECT_GT(absl::FromUnixMillis(world.job("p1/a").not_before_unix_ms()), world.now());
}

TEST(RetriesTest, ARecordKeepsABoundedNumberOfAttemptsAndTheNumbersGoOn) {
  ScheduledWorld world({.attempts_kept = 3});
  world.Submit({DataJob("a")});
  world.Sync("w1");
  for (uint32_t attempt = 1; attempt <= 9; ++attempt) {
    world.Sync("w1", {Exited("p1/a", attempt, 0, v1::RankReport::PREEMPTED)});
  }
  ASSERT_EQ(world.job("p1/a").attempts_size(), 3);
  EXPECT_EQ(world.job("p1/a").attempts(2).number(), 10u);
  EXPECT_EQ(world.job("p1/a").preemptions(), 9u);
}

TEST(TimeLimitTest, AnAttemptThatRunsForTooLongIsAskedToLeaveAndTheJobFails) {
  ScheduledWorld world;
  world.Submit({DataJob("a", "time_limit_seconds: 3 grace_seconds: 7"), {"name: 'b' tokenizer {}", {"a"}}});
  const auto first = world.Sync("w1");
  EXPECT_EQ(first.desired(0).grace_seconds(), 7u);
  EXPECT_EQ(world.scheduler().NextDeadline(), world.now() + absl::Seconds(3));
  world.Advance(absl::Seconds(2));
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "p1/a attempt 1 rank 0");
  world.PassDeadline();
  EXPECT_EQ(world.state("p1/a"), v1::RUNNING) << "until its processes are gone";
  EXPECT_THAT(world.job("p1/a").reason(), HasSubstr("is being stopped: it ran for longer than"));
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "");
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::PREEMPTED)});
  EXPECT_EQ(world.state("p1/a"), v1::FAILED);
  EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), v1::AttemptRecord::TIMED_OUT);
  EXPECT_EQ(world.job("p1/a").reason(), "it ran for longer than its time_limit_seconds: 3");
  EXPECT_EQ(world.state("p1/b"), v1::FAILED);
}

TEST(TimeLimitTest, TheLimitIsKeptOverARestart) {
  ScheduledWorld world;
  world.Submit({DataJob("a", "time_limit_seconds: 30")});
  world.Sync("w1");
  world.Advance(absl::Seconds(20));
  world.Restart();
  world.Sync("w1", {Running("p1/a", 1)});
  world.Advance(absl::Seconds(9));
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "p1/a attempt 1 rank 0");
  world.Advance(absl::Seconds(1));
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "");
}

TEST(TimeLimitTest, WhatIsDoneWhileItIsAskedToLeaveIsDone) {
  ScheduledWorld world;
  world.Submit({DataJob("a", "time_limit_seconds: 3")});
  world.Sync("w1");
  world.PassDeadline();
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, world.MakeArtifact("corpus"))});
  EXPECT_EQ(world.state("p1/a"), v1::DONE);
}

TEST(HangTest, AnAttemptWithoutProgressIsStoppedTriedAgainAndItsWorkersAvoided) {
  ScheduledWorld world({.lease = absl::Seconds(30)});
  world.Submit({DataJob("a", "progress_timeout_seconds: 5 max_attempts: 1")});
  world.Sync("w1");
  world.Advance(absl::Seconds(4));
  world.Sync("w1", {AtStep("p1/a", 1, 1)});
  world.Advance(absl::Seconds(4));
  EXPECT_EQ(Names(world.Sync("w1", {AtStep("p1/a", 1, 1)})), "p1/a attempt 1 rank 0");
  EXPECT_EQ(world.scheduler().NextDeadline(), world.now() + absl::Seconds(1));
  world.PassDeadline();
  EXPECT_EQ(Names(world.Sync("w1", {AtStep("p1/a", 1, 1)})), "");
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::FAILED, "", "killed by signal 9")});
  EXPECT_EQ(world.state("p1/a"), v1::READY) << "not the job's failure";
  EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), v1::AttemptRecord::HUNG);
  EXPECT_THAT(world.job("p1/a").reason(), HasSubstr("hung: no progress after step 1"));
  EXPECT_THAT(world.job("p1/a").excluded_workers(), ElementsAre("w1"));
  EXPECT_GT(absl::FromUnixMillis(world.job("p1/a").not_before_unix_ms()), world.now());
}

TEST(HangTest, TheTimerBeginsAnewWithTheCoordinator) {
  ScheduledWorld world;
  world.Submit({DataJob("a", "progress_timeout_seconds: 5")});
  world.Sync("w1");
  world.Advance(absl::Seconds(4));
  world.Restart();
  world.Advance(absl::Seconds(4));
  EXPECT_EQ(Names(world.Sync("w1", {AtStep("p1/a", 1, 1)})), "p1/a attempt 1 rank 0");
  world.Advance(absl::Seconds(5));
  EXPECT_EQ(Names(world.Sync("w1", {AtStep("p1/a", 1, 1)})), "");
}

TEST(RetriesTest, TheWorkerOfARankWhosePeerFailedIsNotAvoided) {
  ScheduledWorld world;
  world.Sync("w1");
  world.Sync("w2");
  world.Submit({{"name: 'g' resources { ranks: 2 } pretrain {}", {}}});
  world.Sync("w1", {Running("p1/g", 1, 0)});
  world.Sync("w2", {Exited("p1/g", 1, 1, v1::RankReport::FAILED, "", "bad memory")});
  world.Sync("w1", {Exited("p1/g", 1, 0, v1::RankReport::FAILED, "", "connection reset by peer")});
  EXPECT_THAT(world.job("p1/g").excluded_workers(), ElementsAre("w2"));
}

}  // namespace
}  // namespace bonsai
