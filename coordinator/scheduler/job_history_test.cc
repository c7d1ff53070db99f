#include "coordinator/scheduler/job_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(JobHistoryTest, NumbersTheEntriesOfAJobAndKeepsTheNumberInItsRecord) {
  JobHistory history;
  v1::JobRecord job;
  job.set_id("p1/a");
  job.set_history_size(7);
  job.set_state(v1::READY);
  history.Add(job, absl::FromUnixMillis(5), {"submitted", "", "ada"});
  job.set_state(v1::RUNNING);
  history.Add(job, absl::FromUnixMillis(6), {"started", "there was room"});
  EXPECT_EQ(job.history_size(), 9u);
  const auto entries = history.TakeNew();
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].number(), 8u);
  EXPECT_EQ(entries[0].actor(), "ada");
  EXPECT_EQ(entries[0].state(), v1::READY);
  EXPECT_EQ(entries[1].number(), 9u);
  EXPECT_EQ(entries[1].unix_ms(), 6);
  EXPECT_EQ(entries[1].actor(), "scheduler");
  EXPECT_EQ(entries[1].why(), "there was room");
  EXPECT_THAT(history.TakeNew(), IsEmpty());
}

TEST(JobHistoryTest, AnEntryIsBounded) {
  JobHistory history;
  v1::JobRecord job;
  history.Add(job, absl::UnixEpoch(), {"failed", std::string(100000, 'x')});
  EXPECT_EQ(history.TakeNew()[0].why().size(), 2048u);
}

TEST(JobHistoryTest, NamesTheWorkersOfAnAttemptOnceAndNotAllOfMany) {
  v1::AttemptRecord attempt;
  const auto place = [&](const std::string& worker) { attempt.add_placements()->set_worker_id(worker); };
  place("w1");
  EXPECT_EQ(DescribePlacements(attempt), "w1");
  place("w1");
  place("w2");
  EXPECT_EQ(DescribePlacements(attempt), "w1, w2 (3 ranks)");
  for (int i = 3; i <= 12; ++i) place("w" + std::to_string(i));
  EXPECT_EQ(DescribePlacements(attempt), "w1, w2, w3, w4, w5, w6, w7, w8 and 4 more (13 ranks)");
}

}  // namespace
}  // namespace bonsai
