// What the records name in storage, and so keep there.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_RPC_STORAGE_ROOTS_H_
#define BONSAI_COORDINATOR_RPC_STORAGE_ROOTS_H_

#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "storage/mark.h"

namespace bonsai {

// How long a job that failed or was cancelled keeps its newest checkpoint, so that a retry goes on from
// there, and a variant of a sweep that is done keeps its own, for a later rung.
inline constexpr absl::Duration kEndedCheckpointAge = absl::Hours(7 * 24);

// Appends an artifact, for its tenant.
void AddStorageRoots(const v1::ArtifactRecord& artifact, std::vector<StorageRoot>& roots);

// Appends the job's checkpoints that may be resumed from, and what it is to read. A job that is done names
// nothing but, for kEndedCheckpointAge, the checkpoints of a variant of a sweep; one that failed or was
// cancelled, for as long, its newest checkpoint.
void AddStorageRoots(const v1::JobRecord& job, absl::Time now, std::vector<StorageRoot>& roots);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_STORAGE_ROOTS_H_
