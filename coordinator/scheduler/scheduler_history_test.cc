// The history of jobs: complete, ordered, and the same as their states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

using testing::ElementsAre;

v1::RankReport WithCheckpoint(ScheduledWorld& world, v1::RankReport report, uint64_t step) {
  report.mutable_checkpoint()->set_manifest_id(world.MakeArtifact("checkpoint"));
  report.mutable_checkpoint()->set_step(step);
  return report;
}

TEST(HistoryTest, TellsWhoDidWhatAndWhy) {
  ScheduledWorld world;
  world.SetActor({"ada", "default", true});
  world.Submit({{"name: 't' pretrain {}", {}}, {"name: 'e' export {}", {"t"}}});
  world.Sync("w1");
  world.Sync("w1", {WithCheckpoint(world, Running("p1/t", 1), 10)});
  world.Pause("p1");
  world.Sync("w1", {Exited("p1/t", 1, 0, v1::RankReport::PREEMPTED)});
  world.Restart();
  world.Pause("p1", /*resume=*/true);
  world.Sync("w1");
  world.Sync("w1", {Exited("p1/t", 2, 0, v1::RankReport::FAILED, "", "NaN")});
  world.PassDeadline();
  world.Sync("w1", {Exited("p1/t", 3, 0, v1::RankReport::DONE, world.MakeArtifact("model"))});
  const std::vector<std::string> story = world.Story("p1/t");
  const std::string until = story.size() > 9 ? story[9].substr(story[9].find("until")) : "";
  EXPECT_THAT(story, ElementsAre("ada: submitted", "scheduler: started attempt 1 on w1",
                                 "worker w1: checkpoint at step 10 (attempt 1, checkpoint-1)", "ada: paused",
                                 "ada: attempt 1 was asked to checkpoint and leave (paused by ada)",
                                 "scheduler: attempt 1 ended: preempted (paused by ada)", "ada: resumed",
                                 "scheduler: started attempt 2 on w1",
                                 "scheduler: attempt 2 ended: failed (rank 0 on w1: NaN)",
                                 "scheduler: backs off " + until, "scheduler: started attempt 3 on w1",
                                 "scheduler: done with artifact model-2"));
  EXPECT_EQ(world.Story("p1/e"), (std::vector<std::string>{"ada: submitted", "ada: paused", "ada: resumed",
                                                           "scheduler: ready (p1/t is done)",
                                                           "scheduler: started attempt 1 on w1"}));
}

TEST(HistoryTest, EveryStateFollowsFromTheOneBefore) {
  // What may come after each state; a state may also stay.
  const std::map<v1::JobState, std::vector<v1::JobState>> next = {
      {v1::WAITING, {v1::READY, v1::FAILED, v1::CANCELLED}},
      {v1::READY, {v1::RUNNING, v1::FAILED, v1::CANCELLED}},
      {v1::RUNNING, {v1::READY, v1::CANCELLING, v1::DONE, v1::FAILED}},
      {v1::CANCELLING, {v1::CANCELLED}},
      {v1::DONE, {}},
      {v1::FAILED, {v1::WAITING, v1::READY}},
      {v1::CANCELLED, {v1::WAITING, v1::READY}},
  };
  ScheduledWorld world;
  world.Submit({DataJob("a", "max_attempts: 1"), {"name: 'b' tokenizer {}", {"a"}}});
  world.Sync("w1");
  world.Cancel("p1/b");
  world.Sync("w1", {Exited("p1/a", 1, 0, v1::RankReport::FAILED)});
  world.Retry("p1");
  world.Sync("w1");
  world.Restart();
  world.PassDeadline();
  world.Sync("w1");
  world.Cancel("p1/a");
  world.Sync("w1");
  world.Retry("p1/b");
  world.Sync("w1");
  const uint32_t attempt = world.job("p1/a").attempts(world.job("p1/a").attempts_size() - 1).number();
  world.Sync("w1", {Exited("p1/a", attempt, 0, v1::RankReport::DONE, world.MakeArtifact("corpus"))});
  ASSERT_EQ(world.state("p1/a"), v1::DONE);
  for (const char* id : {"p1/a", "p1/b"}) {
    v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
    for (const v1::HistoryEntry& entry : world.history(id)) {
      if (state != v1::JOB_STATE_UNSPECIFIED && entry.state() != state) {
        EXPECT_THAT(next.at(state), testing::Contains(entry.state()))
            << id << " " << entry.ShortDebugString();
      }
      state = entry.state();
    }
    EXPECT_EQ(state, world.state(id)) << "replaying the history gives the job's state";
  }
}

}  // namespace
}  // namespace bonsai
