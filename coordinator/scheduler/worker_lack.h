// What a worker lacks for a rank of a job, for people.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_WORKER_LACK_H_
#define BONSAI_COORDINATOR_SCHEDULER_WORKER_LACK_H_

#include <string>

#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/worker_table.h"

namespace bonsai {

// "has 1 of its 4 cpus free, 2 are needed"; empty if a rank of the job fits there now. `status` is the same
// worker's.
std::string DescribeLack(const v1::JobSpec& spec, const Worker& worker, const v1::WorkerStatus& status);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_WORKER_LACK_H_
