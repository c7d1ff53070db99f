// Streams a rank's log or samples to a reader, and follows it over the attempts of its job. One of the calls
// of the Coordinator service.
//
// Blocks its thread; several may run at once.
#ifndef BONSAI_COORDINATOR_RPC_LOG_STREAM_H_
#define BONSAI_COORDINATOR_RPC_LOG_STREAM_H_

#include "absl/status/status.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/rpc/call_stream.h"
#include "coordinator/rpc/rank_logs.h"
#include "coordinator/rpc/read_model.h"

namespace bonsai {

// Without `follow`: what is there. With it: until the job has ended and its log is drained; where the request
// named no attempt, each newer attempt follows the one before (`offset` counts in the first that is sent).
// NotFound: no such job or attempt; Cancelled; Unavailable: the coordinator stops.
absl::Status StreamLog(const ReadModel& model, const RankLogs& logs, const v1::ReadLogRequest& request,
                       const CallStream<v1::ReadLogResponse>& stream);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_LOG_STREAM_H_
