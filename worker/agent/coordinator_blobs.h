// The coordinator's artifact service over gRPC, as storage/remote sees it. A call has as long as its pieces
// keep coming: one that stands still is broken off, and the caller goes on where it was.
//
// Made by the agent for each stream of a transfer. Not thread-safe.
#ifndef BONSAI_WORKER_AGENT_COORDINATOR_BLOBS_H_
#define BONSAI_WORKER_AGENT_COORDINATOR_BLOBS_H_

#include <memory>

#include "storage/remote/blob_remote.h"
#include "worker/agent/coordinator_channel.h"

namespace bonsai {

// `channel` outlives it.
std::unique_ptr<BlobRemote> MakeCoordinatorBlobs(CoordinatorChannel* channel);

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_COORDINATOR_BLOBS_H_
