// What becomes of a sweep when variants of it have ended: once all of a rung have, the best go on to the next
// rung as new jobs, from their own checkpoints; after the last rung, the job that was varied takes the best
// one's output.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SWEEP_RUNGS_H_
#define BONSAI_COORDINATOR_SCHEDULER_SWEEP_RUNGS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/job_table.h"
#include "coordinator/scheduler/pipeline_table.h"
#include "coordinator/scheduler/records.h"

namespace bonsai {

// `selecting` is the id of a job that selects from a sweep. Does nothing unless it waits and every variant of
// the newest rung has ended.
void SettleSweep(const std::string& selecting, absl::Time now, PipelineTable& pipelines, JobTable& jobs,
                 Counters& counters);

// The variants of all rungs of the sweep that a job selects from; empty for any other job.
std::vector<std::string> VariantsOf(const v1::JobRecord& job, const PipelineTable& pipelines,
                                    const JobTable& jobs);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SWEEP_RUNGS_H_
