// What a track says to the data that a pipeline is to read for a submission's model, before anything of it
// runs. What comes from artifacts is the submission runner's to check.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_TRACK_SOURCES_H_
#define BONSAI_COORDINATOR_SCHEDULER_TRACK_SOURCES_H_

#include <cstddef>
#include <vector>

#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/scheduler/problem_list.h"

namespace bonsai {

// Looks at all jobs that the job `model` comes from, itself included. `needs` holds for each job the indices
// of those whose outputs it takes.
void CheckTrackSources(const v1::Pipeline& pipeline, const std::vector<std::vector<size_t>>& needs,
                       size_t model, const v1::Track& track, ProblemList& problems);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_TRACK_SOURCES_H_
