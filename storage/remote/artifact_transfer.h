// Moves an artifact between a store at hand and one at the other end of a wire: its blobs over parallel
// streams, each going on where it broke off, each verified, and only those that the other side lacks.
//
// Called by the agent, on threads of its own; blocks. Safe from any thread.
#ifndef BONSAI_STORAGE_REMOTE_ARTIFACT_TRANSFER_H_
#define BONSAI_STORAGE_REMOTE_ARTIFACT_TRANSFER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/blob_store.h"
#include "storage/manifest.h"
#include "storage/partial_blobs.h"
#include "storage/remote/transfer.h"

namespace bonsai {

// Brings the manifest and every blob that `local` lacks, or holds damaged, and returns the manifest.
// `partial` stages into `local`. Errors: NotFound and DataLoss: what the far side cannot give; Cancelled;
// ResourceExhausted (the disk here is full); Unavailable, if the caller lost patience.
absl::StatusOr<v1::Manifest> FetchArtifact(const std::string& id, BlobStore& local, PartialBlobs& partial,
                                           const TransferOptions& options);

// Sends every blob that the far side lacks, and the manifest last. Errors: NotFound and DataLoss: what
// `local` cannot give; Cancelled; else what the far side said in the end.
absl::Status PushArtifact(const std::string& id, BlobStore& local, const TransferOptions& options);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_REMOTE_ARTIFACT_TRANSFER_H_
