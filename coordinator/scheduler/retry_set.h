// Which jobs of a pipeline begin again when a person asks for a retry.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_RETRY_SET_H_
#define BONSAI_COORDINATOR_SCHEDULER_RETRY_SET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/job_table.h"

namespace bonsai {

// Every job of the pipeline that failed or was cancelled, in the order of the pipeline. FailedPrecondition if
// there is none, or one is still being cancelled.
absl::StatusOr<std::vector<std::string>> JobsToRetry(const JobTable& jobs,
                                                     const v1::PipelineRecord& pipeline);

// One job that failed or was cancelled, those it needs that did too, and those that need it and can run once
// these have; in the order of the pipeline. FailedPrecondition if the job is in another state, or one of
// these is still being cancelled.
absl::StatusOr<std::vector<std::string>> JobsToRetryWith(const JobTable& jobs,
                                                         const v1::PipelineRecord& pipeline,
                                                         const std::string& job_id);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_RETRY_SET_H_
