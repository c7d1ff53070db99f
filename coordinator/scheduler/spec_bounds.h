// The bounds of a job's numbers and words: all that can be told from the spec alone, without the jobs around
// it.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SPEC_BOUNDS_H_
#define BONSAI_COORDINATOR_SCHEDULER_SPEC_BOUNDS_H_

#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/problem_list.h"

namespace bonsai {

// Adds a problem for each field out of bounds. The name is not looked at; a spec must be set.
void CheckSpecBounds(const v1::JobSpec& spec, ProblemList& problems);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SPEC_BOUNDS_H_
