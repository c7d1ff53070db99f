// Writes down what one rank of an attempt is to do, from the job's record.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_TASK_BUILDER_H_
#define BONSAI_COORDINATOR_SCHEDULER_TASK_BUILDER_H_

#include <string>

#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/runner.pb.h"
#include "bonsai/v1/worker.pb.h"

namespace bonsai {

// The task of a rank of the job's last attempt. The device is looked up in the worker's offer; of a device
// that the worker no longer offers only the id is known. `default_grace` is for a job that names no
// grace_seconds. Folders and descriptors are the agent's to fill in.
v1::Task BuildTask(const v1::JobRecord& job, uint32_t rank, const v1::WorkerOffer& offer,
                   const std::string& code_version, absl::Duration default_grace);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_TASK_BUILDER_H_
