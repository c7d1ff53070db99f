#include "coordinator/scheduler/attempt_clocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const absl::Time kStart = absl::FromUnixSeconds(1000);

v1::JobRecord Job(uint32_t limit_seconds, uint32_t progress_seconds) {
  v1::JobRecord job;
  job.set_id("p1/a");
  job.mutable_spec()->set_time_limit_seconds(limit_seconds);
  job.mutable_spec()->set_progress_timeout_seconds(progress_seconds);
  job.add_attempts()->set_started_unix_ms(absl::ToUnixMillis(kStart));
  return job;
}

v1::RankReport AtStep(uint64_t step) {
  v1::RankReport report;
  report.set_job_id("p1/a");
  report.mutable_progress()->set_step(step);
  return report;
}

TEST(AttemptClocksTest, NothingIsDueOfAJobWithoutLimits) {
  AttemptClocks clocks;
  clocks.Start(Job(0, 0), kStart);
  clocks.Report(AtStep(1), kStart);
  EXPECT_EQ(clocks.NextDeadline(), absl::InfiniteFuture());
}

TEST(AttemptClocksTest, TheTimeLimitRunsFromTheStartOfTheAttempt) {
  AttemptClocks clocks;
  clocks.Start(Job(60, 0), kStart + absl::Seconds(50));  // the coordinator was started again
  EXPECT_EQ(clocks.NextDeadline(), kStart + absl::Seconds(60));
  clocks.Report(AtStep(1), kStart + absl::Seconds(59));
  EXPECT_THAT(clocks.Expire(kStart + absl::Seconds(59)), IsEmpty());
  const auto due = clocks.Expire(kStart + absl::Seconds(60));
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].outcome, v1::AttemptRecord::TIMED_OUT);
  EXPECT_THAT(due[0].reason, HasSubstr("time_limit_seconds: 60"));
  EXPECT_THAT(clocks.Expire(kStart + absl::Seconds(99)), IsEmpty()) << "once";
  EXPECT_EQ(clocks.NextDeadline(), absl::InfiniteFuture());
}

TEST(AttemptClocksTest, AClockThatWasSetBackGivesNobodyMoreTime) {
  AttemptClocks clocks;
  clocks.Start(Job(60, 0),
               kStart - absl::Hours(1));  // the coordinator was started again, by an earlier clock
  EXPECT_EQ(clocks.NextDeadline(), kStart - absl::Hours(1) + absl::Seconds(60));
}

TEST(AttemptClocksTest, HangsWhenNothingChangesForTooLong) {
  AttemptClocks clocks;
  clocks.Start(Job(1000, 10), kStart);
  clocks.Report(AtStep(1), kStart + absl::Seconds(9));
  v1::RankReport same = AtStep(1);
  same.mutable_progress()->set_eta_seconds(3);
  clocks.Report(same, kStart + absl::Seconds(12));
  EXPECT_EQ(clocks.NextDeadline(), kStart + absl::Seconds(19)) << "another estimate is no progress";
  v1::RankReport sampled = AtStep(1);
  sampled.mutable_sample()->set_step(1);
  clocks.Report(sampled, kStart + absl::Seconds(15));
  EXPECT_EQ(clocks.NextDeadline(), kStart + absl::Seconds(25));
  v1::RankReport saved = sampled;
  saved.mutable_checkpoint()->set_manifest_id("c");
  clocks.Report(saved, kStart + absl::Seconds(20));
  EXPECT_EQ(clocks.NextDeadline(), kStart + absl::Seconds(30));
  const auto due = clocks.Expire(kStart + absl::Seconds(30));
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].outcome, v1::AttemptRecord::HUNG);
  EXPECT_EQ(due[0].reason, "no progress after step 1 for its progress_timeout_seconds: 10");
}

TEST(AttemptClocksTest, AnAttemptThatEndedIsNotDue) {
  AttemptClocks clocks;
  clocks.Start(Job(10, 5), kStart);
  clocks.Remove("p1/a");
  clocks.Remove("p1/a");
  clocks.Report(AtStep(1), kStart);
  EXPECT_THAT(clocks.Expire(kStart + absl::Hours(1)), IsEmpty());
}

}  // namespace
}  // namespace bonsai
