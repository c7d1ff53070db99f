// Between our statuses and gRPC's: every call of both services goes through RunCall, which measures it.
//
// Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_RPC_GRPC_CALL_H_
#define BONSAI_COORDINATOR_RPC_GRPC_CALL_H_

#include <grpcpp/support/status.h>

#include <functional>

#include "absl/status/status.h"
#include "coordinator/web/metrics.h"

namespace bonsai {

// The codes are the same numbers. A long message is cut: it travels in a header, and those are bounded.
grpc::Status ToGrpcStatus(const absl::Status& status);

// Runs the call, observes its latency and code under `method`, and turns its status.
grpc::Status RunCall(Metrics* metrics, const char* method, const std::function<absl::Status()>& call);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_GRPC_CALL_H_
