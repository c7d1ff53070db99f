#include "coordinator/scheduler/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace bonsai {
namespace {

using testing::ElementsAre;
using v1::AttemptRecord;

Verdict End(AttemptRecord::Outcome outcome, const SchedulerOptions& options, v1::JobRecord& job) {
  v1::AttemptRecord& attempt = *job.add_attempts();
  attempt.set_number(job.attempts_size());
  attempt.set_outcome(outcome);
  attempt.set_reason("why");
  return Judge(job, options);
}

TEST(VerdictTest, CountsFailuresAndLossesApart) {
  struct Row {
    std::vector<AttemptRecord::Outcome> outcomes;
    v1::JobState state;
  };
  const Row rows[] = {
      {{AttemptRecord::FAILED}, v1::READY},
      {{AttemptRecord::FAILED, AttemptRecord::FAILED}, v1::FAILED},
      {{AttemptRecord::FAILED, AttemptRecord::LOST, AttemptRecord::PREEMPTED}, v1::READY},
      {{AttemptRecord::FAILED, AttemptRecord::LOST, AttemptRecord::FAILED}, v1::FAILED},
      {{AttemptRecord::LOST, AttemptRecord::LOST, AttemptRecord::LOST}, v1::READY},
      {{AttemptRecord::LOST, AttemptRecord::HUNG, AttemptRecord::LOST, AttemptRecord::LOST}, v1::FAILED},
      {{AttemptRecord::LOST, AttemptRecord::PREEMPTED, AttemptRecord::LOST, AttemptRecord::HUNG}, v1::READY},
      {{AttemptRecord::PREEMPTED, AttemptRecord::PREEMPTED, AttemptRecord::PREEMPTED}, v1::FAILED},
      {{AttemptRecord::TIMED_OUT}, v1::FAILED},
      {{AttemptRecord::BAD_INPUT}, v1::FAILED},
      {{AttemptRecord::FAILED, AttemptRecord::CANCELLED}, v1::CANCELLED},
  };
  SchedulerOptions options;
  options.default_max_attempts = 2;
  options.lost_attempts_max = 3;
  options.preemptions_max = 2;
  for (const Row& row : rows) {
    v1::JobRecord job;
    Verdict verdict;
    for (AttemptRecord::Outcome outcome : row.outcomes) verdict = End(outcome, options, job);
    EXPECT_EQ(verdict.state, row.state) << job.ShortDebugString();
    EXPECT_NE(verdict.reason, "");
  }
}

TEST(VerdictTest, AJobsOwnLimitGoesBeforeTheDefault) {
  v1::JobRecord job;
  EXPECT_EQ(End(AttemptRecord::FAILED, {}, job).state, v1::READY);
  v1::JobRecord once;
  once.mutable_spec()->set_max_attempts(1);
  EXPECT_EQ(End(AttemptRecord::FAILED, {}, once).state, v1::FAILED);
}

TEST(VerdictTest, BacksOffLongerAfterEachFailureUpToABound) {
  SchedulerOptions options;
  options.default_max_attempts = 100;
  v1::JobRecord job;
  job.set_id("p1/a");
  absl::Duration ideal = absl::Seconds(1);
  for (int i = 0; i < 20; ++i) {
    const absl::Duration backoff = End(AttemptRecord::FAILED, options, job).backoff;
    EXPECT_GE(backoff, ideal * 0.75) << i;
    EXPECT_LE(backoff, ideal * 1.25) << i;
    ideal = std::min(ideal * 2, options.backoff_max);
  }
}

TEST(VerdictTest, TheBackoffIsTheJobsOwnAndAlwaysTheSame) {
  const SchedulerOptions options;
  EXPECT_EQ(BackoffOf("p1/a", 3, options), BackoffOf("p1/a", 3, options));
  EXPECT_NE(BackoffOf("p1/a", 3, options), BackoffOf("p1/b", 3, options));
}

TEST(VerdictTest, NeitherTheFirstLossNorAPreemptionWaits) {
  v1::JobRecord job;
  EXPECT_EQ(End(AttemptRecord::PREEMPTED, {}, job).backoff, absl::ZeroDuration());
  EXPECT_EQ(End(AttemptRecord::LOST, {}, job).backoff, absl::ZeroDuration());
  EXPECT_GT(End(AttemptRecord::LOST, {}, job).backoff, absl::ZeroDuration());
  EXPECT_EQ(End(AttemptRecord::PREEMPTED, {}, job).backoff, absl::ZeroDuration());
  v1::JobRecord hung;
  EXPECT_GT(End(AttemptRecord::HUNG, {}, hung).backoff, absl::ZeroDuration());
}

TEST(VerdictTest, ExcludesABoundedNumberOfWorkersTheNewestLast) {
  SchedulerOptions options;
  options.excluded_workers_max = 3;
  v1::JobRecord job;
  ExcludeWorkers({"a", "b"}, options, job);
  ExcludeWorkers({"b", "c", "d"}, options, job);
  EXPECT_THAT(job.excluded_workers(), ElementsAre("b", "c", "d"));
}

}  // namespace
}  // namespace bonsai
