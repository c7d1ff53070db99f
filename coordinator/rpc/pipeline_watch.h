// Streams a pipeline's jobs: all of them now, then each that changed, until all have ended. One of the calls
// of the Coordinator service.
//
// Blocks its thread; several may run at once.
#ifndef BONSAI_COORDINATOR_RPC_PIPELINE_WATCH_H_
#define BONSAI_COORDINATOR_RPC_PIPELINE_WATCH_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/rpc/call_stream.h"
#include "coordinator/rpc/read_model.h"

namespace bonsai {

// Puts into the jobs' `reason` why those that wait do so.
using ExplainJobs = std::function<void(std::vector<v1::JobStatus*>)>;

// OK when all jobs have ended. NotFound: no such pipeline; Cancelled; Unavailable: the coordinator stops.
absl::Status WatchPipeline(const ReadModel& model, const std::string& pipeline_id, const ExplainJobs& explain,
                           const CallStream<v1::WatchPipelineResponse>& stream);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_PIPELINE_WATCH_H_
