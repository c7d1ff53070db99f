// The coordinator ends at any time and starts again from its records.
#include <gtest/gtest.h>

#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

TEST(RecoveryTest, AdoptsWhatRuns) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.Restart();
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "p1/a attempt 1 rank 0");
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, world.MakeArtifact("corpus"))});
  EXPECT_EQ(world.state("p1/a"), v1::DONE);
  EXPECT_EQ(world.job("p1/a").attempts_size(), 1);
}

TEST(RecoveryTest, TakesAnOutputThatWasWrittenWhileItWasAway) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.Restart();
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::DONE, world.MakeArtifact("corpus"))});
  EXPECT_EQ(world.state("p1/a"), v1::DONE);
}

TEST(RecoveryTest, WaitsOneWholeLeaseForARankThatNobodyReports) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.Restart();
  for (int second = 0; second < 9; ++second) {
    world.Advance(absl::Seconds(1));
    EXPECT_EQ(Names(world.Sync("w1")), "")
        << "whether it had been started is not known: it is not started again";
    EXPECT_EQ(Names(world.Sync("w2")), "");
    EXPECT_EQ(world.state("p1/a"), v1::RUNNING);
  }
  world.Advance(absl::Seconds(1));
  EXPECT_EQ(Names(world.Sync("w1")), "") << "it is tried where it was not lost";
  EXPECT_EQ(Names(world.Sync("w2")), "p1/a attempt 2 rank 0");
  EXPECT_EQ(world.job("p1/a").attempts(0).outcome(), v1::AttemptRecord::LOST);
}

TEST(RecoveryTest, TheWaitForUnreportedRanksIsADeadline) {
  ScheduledWorld world;
  EXPECT_FALSE(world.scheduler().NextDeadline().has_value());
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.Restart();
  EXPECT_EQ(world.scheduler().NextDeadline(), world.now() + absl::Seconds(10));
  world.PassDeadline();
  EXPECT_EQ(world.state("p1/a"), v1::READY);
  EXPECT_FALSE(world.scheduler().NextDeadline().has_value());
}

TEST(RecoveryTest, AGangIsAdoptedOnlyAsAWhole) {
  ScheduledWorld world;
  world.Sync("w1");
  world.Sync("w2");
  world.Submit({{"name: 'g' resources { ranks: 2 } pretrain {}", {}}});
  world.Restart();
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/g", 1, 0)})), "p1/g attempt 1 rank 0");
  world.Advance(absl::Seconds(5));
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/g", 1, 0)})), "p1/g attempt 1 rank 0");
  world.Advance(absl::Seconds(5));
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/g", 1, 0)})), "") << "rank 1 was not reported for a lease";
  EXPECT_EQ(world.state("p1/g"), v1::RUNNING);
  world.Sync("w1");
  EXPECT_EQ(world.job("p1/g").attempts(0).outcome(), v1::AttemptRecord::LOST);
}

TEST(RecoveryTest, GoesOnCancelling) {
  ScheduledWorld world;
  world.Submit({DataJob("a"), DataJob("b")});
  world.Sync("w1");
  world.Cancel("p1/a");
  world.Restart();
  EXPECT_EQ(world.state("p1/a"), v1::CANCELLING);
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 1)})), "");
  EXPECT_EQ(Names(world.Sync("w1")), "p1/b attempt 1 rank 0");
  EXPECT_EQ(world.state("p1/a"), v1::CANCELLED);
}

TEST(RecoveryTest, RoomOfRanksNotYetReportedIsNotGivenAway) {
  ScheduledWorld world;
  world.Submit({DataJob("a"), DataJob("b")});
  world.Sync("w1");
  world.Restart();
  EXPECT_EQ(Names(world.Sync("w1")), "");
  EXPECT_EQ(world.state("p1/b"), v1::READY);
}

TEST(RecoveryTest, WhatWasPlacedUponAStaleReportWaitsForTheProcessesThatItDidNotTellOf) {
  ScheduledWorld world;
  world.SetCpus("w1", 2);
  world.Submit({DataJob("a")});
  world.Sync("w1");
  world.Restart();
  world.Advance(absl::Seconds(10));
  // A request from before it ran anything was long under way; nobody knows any more that it is a late one.
  world.Submit({DataJob("c")});
  const std::string placed = "p1/a attempt 2 rank 0, p2/c attempt 1 rank 0";
  EXPECT_EQ(Names(world.Sync("w1")), placed);
  v1::RankReport stray = Running("p1/a", 1);
  EXPECT_EQ(Names(world.Sync("w1", {stray})), "p1/a attempt 2 rank 0") << "one of its two cpus is free";
  stray.set_phase(v1::RankReport::STOPPING);
  EXPECT_EQ(Names(world.Sync("w1", {stray, Running("p1/a", 2)})), "p1/a attempt 2 rank 0");
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/a", 2)})), placed);
  EXPECT_EQ(world.job("p2/c").attempts_size(), 1) << "it was not lost, only late";
}

TEST(RecoveryTest, ADeviceOfAProcessThatAStaleReportDidNotTellOfIsNotGivenTwice) {
  ScheduledWorld world;
  world.SetCpus("w1", 8);
  world.offer("w1").add_devices()->set_id("local");
  world.offer("w1").mutable_devices(0)->set_target("host");
  world.Submit({{"name: 'm' benchmark { target: 'host' }", {}}});
  EXPECT_EQ(Names(world.Sync("w1")), "p1/m attempt 1 rank 0");
  world.Restart();
  world.Advance(absl::Seconds(10));
  EXPECT_EQ(Names(world.Sync("w1")), "p1/m attempt 2 rank 0");
  EXPECT_EQ(Names(world.Sync("w1", {Running("p1/m", 1)})), "");
  EXPECT_EQ(Names(world.Sync("w1")), "p1/m attempt 2 rank 0");
}

TEST(RecoveryTest, NumbersGoOnWhereTheyWere) {
  ScheduledWorld world;
  world.Submit({DataJob("a")});
  world.Restart();
  EXPECT_EQ(world.Submit({DataJob("a")}), "p2");
  EXPECT_GT(world.job("p2/a").sequence(), world.job("p1/a").sequence());
}

}  // namespace
}  // namespace bonsai
