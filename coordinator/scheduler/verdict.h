// What becomes of a job when an attempt at it has ended without success.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_VERDICT_H_
#define BONSAI_COORDINATOR_SCHEDULER_VERDICT_H_

#include <string>

#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/scheduler.h"

namespace bonsai {

struct Verdict {
  v1::JobState state = v1::READY;  // READY (try again), FAILED or CANCELLED
  std::string reason;              // for people
};

// Judges by all attempts of the job, of which the last one has just ended.
Verdict Judge(const v1::JobRecord& job, const SchedulerOptions& options);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_VERDICT_H_
