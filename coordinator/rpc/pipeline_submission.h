// Takes pipelines in, to run now, on a schedule, or not at all (a dry run): checks all of it, then has the
// loop store it. Some of the calls of the Coordinator service.
//
// Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_RPC_PIPELINE_SUBMISSION_H_
#define BONSAI_COORDINATOR_RPC_PIPELINE_SUBMISSION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/rpc/decision_loop.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/scheduler/pipeline_check.h"

namespace bonsai {

class PipelineSubmission {
 public:
  // All must outlive this.
  PipelineSubmission(DecisionLoop* loop, const ReadModel* model, const std::vector<v1::Track>* tracks)
      : loop_(loop), model_(model), tracks_(tracks) {}

  // InvalidArgument for the request id or the pipeline; as DecisionLoop::Decide.
  absl::StatusOr<v1::SubmitPipelineResponse> Submit(const v1::SubmitPipelineRequest& request,
                                                    const Actor& actor) const;
  absl::StatusOr<v1::PutScheduleResponse> PutSchedule(const v1::PutScheduleRequest& request,
                                                      const Actor& actor) const;

 private:
  // Inputs that name artifacts find the actor's own only.
  absl::StatusOr<CheckedPipeline> Check(const v1::Pipeline& pipeline, const Actor& actor,
                                        bool schedule) const;

  DecisionLoop* const loop_;
  const ReadModel* const model_;
  const std::vector<v1::Track>* const tracks_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_PIPELINE_SUBMISSION_H_
