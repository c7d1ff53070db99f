// What becomes of a job when an attempt at it has ended without success.
//
//   outcome     whose fault          counts against          next try         its workers
//   FAILED      the runner's         max_attempts            after a backoff  that of the failed rank:
//   avoided LOST        the worker's         lost_attempts_max       the first at once, then after a backoff;
//   avoided HUNG        nobody knows whose   lost_attempts_max       after a backoff  all: avoided PREEMPTED
//   nobody's             preemptions_max         at once          - BAD_INPUT   the input's          - never:
//   the job fails TIMED_OUT   the job's            -                       never: the job fails CANCELLED   -
//   -                       never: the job is cancelled
//
// A backoff is backoff_first, twice as long after each further one of its kind, at most backoff_max; from
// three quarters of that to five quarters, drawn from the job's id, so that jobs which failed together do not
// come back together.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_VERDICT_H_
#define BONSAI_COORDINATOR_SCHEDULER_VERDICT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/scheduler.h"

namespace bonsai {

struct Verdict {
  v1::JobState state = v1::READY;  // READY (try again), FAILED or CANCELLED
  std::string reason;              // for people
  absl::Duration backoff;          // of READY
};

// Counts the outcome of the job's last attempt, which has just ended, and judges by all that count.
Verdict Judge(v1::JobRecord& job, const SchedulerOptions& options);

// How long to wait before try number `count` + 1, `count` >= 1 of its kind having gone wrong.
absl::Duration BackoffOf(absl::string_view job_id, uint32_t count, const SchedulerOptions& options);
// No BackoffOf is longer.
absl::Duration LongestBackoff(const SchedulerOptions& options);

// Appends the workers, each once, and drops the oldest beyond options.excluded_workers_max.
void ExcludeWorkers(const std::vector<std::string>& worker_ids, const SchedulerOptions& options,
                    v1::JobRecord& job);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_VERDICT_H_
