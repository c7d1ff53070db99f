#include "coordinator/store/record_actions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::ElementsAre;

TEST(RecordActionsTest, TakesEveryRecordAndNoReply) {
  std::vector<Action> actions = {PutPipeline{},      PutJob{},
                                 PutArtifact{},      PutCounters{Counters{7, 8, 9}},
                                 AppendHistory{},    PutSchedule{},
                                 ReplySubmitted{},   ReplyCancelled{},
                                 ReplyPaused{},      ReplyRetried{},
                                 ReplyWorkerSet{},   ReplyScheduled{},
                                 Reject{},           ReplyScheduleDeleted{},
                                 ReplySynchronized{}};
  RecordBatch batch;
  std::vector<bool> taken;
  for (Action& action : actions) taken.push_back(TakeRecord(action, batch));
  EXPECT_THAT(taken, ElementsAre(true, true, true, true, true, true, false, false, false, false, false, false,
                                 false, false, false));
  EXPECT_EQ(batch.pipelines.size(), 1u);
  EXPECT_EQ(batch.jobs.size(), 1u);
  EXPECT_EQ(batch.artifacts.size(), 1u);
  EXPECT_EQ(batch.history.size(), 1u);
  EXPECT_EQ(batch.schedules.size(), 1u);
  EXPECT_EQ(batch.counters, (Counters{7, 8, 9}));
}

TEST(RecordActionsTest, DropsAWorkerThatIsAsAnyOther) {
  RecordBatch batch;
  PutWorker drained;
  drained.record.set_id("w1");
  drained.record.set_drained(true);
  PutWorker plain;
  plain.record.set_id("w1");
  std::vector<Action> actions = {drained, plain};
  for (Action& action : actions) EXPECT_TRUE(TakeRecord(action, batch));
  EXPECT_TRUE(batch.workers.empty());
  EXPECT_THAT(batch.dropped_workers, ElementsAre("w1"));
  Action again = drained;
  EXPECT_TRUE(TakeRecord(again, batch));
  ASSERT_EQ(batch.workers.size(), 1u);
  EXPECT_TRUE(batch.workers.front().drained());
}

TEST(RecordActionsTest, DropsAScheduleThatTheBatchPutBefore) {
  RecordBatch batch;
  PutSchedule put;
  put.record.set_name("nightly");
  std::vector<Action> actions = {put, DropSchedule{"nightly"}};
  for (Action& action : actions) EXPECT_TRUE(TakeRecord(action, batch));
  EXPECT_TRUE(batch.schedules.empty());
  EXPECT_THAT(batch.dropped_schedules, ElementsAre("nightly"));
}

}  // namespace
}  // namespace bonsai
