// Splits evaluations over workers. A job "judge" with evaluate.split = 3 becomes "judge-0", "judge-1" and
// "judge-2", each of which answers a part of the requests, and stays itself as the job that takes their
// answers and judges them: so "@judge" goes on meaning one evaluation, which does not depend on the split.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SPLIT_EXPANSION_H_
#define BONSAI_COORDINATOR_SCHEDULER_SPLIT_EXPANSION_H_

#include "absl/status/statusor.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

// Of one evaluation.
inline constexpr uint32_t kSplitMax = 64;

// The pipeline, its sweeps expanded already, with the parts, each before its job. InvalidArgument names the
// job, the field, the value and what would be valid: also where a job of a user's comes with a part or
// answers, and where a sweep varies a job that is split.
absl::StatusOr<v1::Pipeline> SplitEvaluations(const v1::Pipeline& pipeline);

// ExpandSweeps, then SplitEvaluations: what a submitted pipeline consists of.
absl::StatusOr<v1::Pipeline> ExpandPipeline(const v1::Pipeline& pipeline);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SPLIT_EXPANSION_H_
