#include "coordinator/scheduler/verdict.h"

#include <gtest/gtest.h>

#include <vector>

namespace bonsai {
namespace {

using v1::AttemptRecord;

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
      {{AttemptRecord::LOST, AttemptRecord::PREEMPTED, AttemptRecord::LOST, AttemptRecord::LOST}, v1::FAILED},
      {{AttemptRecord::BAD_INPUT}, v1::FAILED},
      {{AttemptRecord::FAILED, AttemptRecord::CANCELLED}, v1::CANCELLED},
  };
  SchedulerOptions options;
  options.default_max_attempts = 2;
  options.lost_attempts_max = 3;
  for (const Row& row : rows) {
    v1::JobRecord job;
    for (AttemptRecord::Outcome outcome : row.outcomes) {
      job.add_attempts()->set_outcome(outcome);
      job.mutable_attempts(job.attempts_size() - 1)->set_number(job.attempts_size());
    }
    EXPECT_EQ(Judge(job, options).state, row.state) << job.ShortDebugString();
    EXPECT_NE(Judge(job, options).reason, "");
  }
}

TEST(VerdictTest, AJobsOwnLimitGoesBeforeTheDefault) {
  v1::JobRecord job;
  job.add_attempts()->set_outcome(AttemptRecord::FAILED);
  EXPECT_EQ(Judge(job, SchedulerOptions()).state, v1::READY);
  job.mutable_spec()->set_max_attempts(1);
  EXPECT_EQ(Judge(job, SchedulerOptions()).state, v1::FAILED);
}

}  // namespace
}  // namespace bonsai
