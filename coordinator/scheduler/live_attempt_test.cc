#include "coordinator/scheduler/live_attempt.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bonsai {
namespace {

LiveAttempt Gang(int ranks) {
  v1::AttemptRecord record;
  record.set_number(3);
  for (int rank = 0; rank < ranks; ++rank) {
    record.add_placements()->set_rank(rank);
    record.mutable_placements(rank)->set_worker_id("w");
  }
  return LiveAttempt(record);
}

// What happens to the ranks 0, 1, ... one after another, and how the attempt ends.
TEST(LiveAttemptTest, TheFirstCauseStandsUnlessALaterOneSaysMore) {
  using v1::AttemptRecord;
  struct Row {
    std::vector<std::string> events;
    AttemptRecord::Outcome outcome;
  };
  const Row rows[] = {
      {{"done", "done"}, AttemptRecord::SUCCEEDED},
      {{"done", "failed"}, AttemptRecord::FAILED},
      {{"failed", "done"}, AttemptRecord::FAILED},
      {{"failed", "preempted"}, AttemptRecord::FAILED},
      {{"preempted", "failed"}, AttemptRecord::PREEMPTED},
      {{"failed", "lost"}, AttemptRecord::LOST},
      {{"lost", "failed"}, AttemptRecord::LOST},
      {{"preempted", "lost"}, AttemptRecord::PREEMPTED},
      {{"lost", "bad input"}, AttemptRecord::BAD_INPUT},
      {{"bad input", "lost"}, AttemptRecord::BAD_INPUT},
      {{"cancel", "bad input"}, AttemptRecord::CANCELLED},
      {{"failed", "cancel"}, AttemptRecord::CANCELLED},
      {{"done", "lost"}, AttemptRecord::LOST},
      {{"failed", "forgotten"}, AttemptRecord::FAILED},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.events[0] + ", " + row.events[1]);
    LiveAttempt attempt = Gang(2);
    for (uint32_t rank = 0; rank < 2; ++rank) {
      EXPECT_FALSE(attempt.over());
      RankSlot& slot = *attempt.Find(rank);
      const std::string& event = row.events[rank];
      if (event == "done") attempt.Exit(slot, v1::RankReport::DONE, "");
      if (event == "failed") attempt.Exit(slot, v1::RankReport::FAILED, "");
      if (event == "preempted") attempt.Exit(slot, v1::RankReport::PREEMPTED, "");
      if (event == "bad input") attempt.Exit(slot, v1::RankReport::BAD_INPUT, "");
      if (event == "lost") attempt.Lose(slot, "gone");
      if (event == "forgotten") attempt.Forget(slot);
      if (event == "cancel") {
        attempt.Stop(AttemptRecord::CANCELLED, "on request");
        attempt.Forget(slot);
      }
    }
    EXPECT_TRUE(attempt.over());
    EXPECT_EQ(attempt.outcome(), row.outcome);
    EXPECT_EQ(attempt.ending(), row.outcome != AttemptRecord::SUCCEEDED);
  }
}

TEST(LiveAttemptTest, ALongMessageIsCutBetweenCharacters) {
  LiveAttempt attempt = Gang(1);
  std::string message = "x";
  for (int i = 0; i < 2000; ++i) message += "\xC3\xA9";
  attempt.Exit(*attempt.Find(0), v1::RankReport::FAILED, message);
  EXPECT_LT(attempt.reason().size(), 2100u);
  EXPECT_EQ(attempt.reason().substr(attempt.reason().size() - 2), "\xC3\xA9");
  EXPECT_EQ(attempt.Find(1), nullptr);
}

}  // namespace
}  // namespace bonsai
