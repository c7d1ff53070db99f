// The pipeline that makes a submission again: each job of its lineage, with the spec that it ran with,
// whatever pipelines they came from. Pure over the folder's manifests.
#ifndef BONSAI_EVALUATOR_SUBMISSION_REBUILT_PIPELINE_H_
#define BONSAI_EVALUATOR_SUBMISSION_REBUILT_PIPELINE_H_

#include "absl/status/statusor.h"
#include "bonsai/v1/job.pb.h"
#include "evaluator/submission/submission_folder.h"

namespace bonsai {

// Jobs come after those whose outputs they take. They keep their names; one that is taken already gets a
// number. A variant of a sweep is a job like any other; the jobs of a split evaluation are the coordinator's
// to make again. Nothing is reused, and nothing compared with another night. FailedPrecondition names an
// artifact whose job left no spec, as one that a person imported may.
absl::StatusOr<v1::Pipeline> RebuildPipeline(const SubmissionFolder& folder);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUBMISSION_REBUILT_PIPELINE_H_
