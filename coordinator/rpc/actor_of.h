// Who makes a call. Every handler asks here, and nowhere else.
#ifndef BONSAI_COORDINATOR_RPC_ACTOR_OF_H_
#define BONSAI_COORDINATOR_RPC_ACTOR_OF_H_

#include <grpcpp/server_context.h>

#include "coordinator/scheduler/scheduler.h"

namespace bonsai {

// A coordinator without tokens, which only this machine reaches, lets everybody do everything.
inline Actor ActorOf(const grpc::ServerContext&) { return Actor(); }

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_ACTOR_OF_H_
