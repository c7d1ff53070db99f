// What a worker is told to run: the answer to its request, once all else has been decided.
//
// Pure functions over the Scheduler's tables.
#ifndef BONSAI_COORDINATOR_SCHEDULER_DESIRED_STATE_H_
#define BONSAI_COORDINATOR_SCHEDULER_DESIRED_STATE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/runner.pb.h"
#include "bonsai/v1/worker.pb.h"
#include "coordinator/scheduler/attempt_table.h"
#include "coordinator/scheduler/job_table.h"
#include "coordinator/scheduler/worker_table.h"

namespace bonsai {

// The ranks that the worker should have, in the order of their jobs' ids. One that it reports is only named:
// it has been told all of it. One that was placed before processes showed that the coordinator did not know
// of waits until they have left room for it: a worker starts at once what it is told to, beside what it has
// just asked to stop.
std::vector<v1::Task> DesiredTasks(const v1::SynchronizeRequest& request, const Worker& worker,
                                   const JobTable& jobs, const AttemptTable& attempts,
                                   const std::string& code_version, absl::Duration default_grace);

// Whether the worker, whose ranks are all different, runs just these.
bool RunsJust(const std::vector<v1::Task>& tasks, const v1::SynchronizeRequest& request);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_DESIRED_STATE_H_
