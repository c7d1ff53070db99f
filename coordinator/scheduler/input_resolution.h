// The input fields of a pipeline's jobs and what each stands for, without asking whether it is there: for a
// pipeline that CheckPipeline accepted before, as a schedule's.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_INPUT_RESOLUTION_H_
#define BONSAI_COORDINATOR_SCHEDULER_INPUT_RESOLUTION_H_

#include <string>
#include <vector>

#include "bonsai/v1/job.pb.h"

namespace bonsai {

// As in PipelineSubmitted, one entry per job of an expanded pipeline (sweep_expansion.h). A job that selects
// from a sweep has one input for each of its variants instead of those of its spec.
std::vector<std::vector<v1::ResolvedInput>> ResolveInputs(const v1::Pipeline& pipeline);

// The inputs of the job that selects: one for each variant, "sweep[0]", ...
std::vector<v1::ResolvedInput> SweepInputs(const v1::Pipeline& pipeline, const v1::JobSpec& selecting);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_INPUT_RESOLUTION_H_
