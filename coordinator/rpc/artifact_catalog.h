// Shows artifacts: their records, manifests, lineage and bytes. Some of the calls of the Coordinator service.
//
// Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_RPC_ARTIFACT_CATALOG_H_
#define BONSAI_COORDINATOR_RPC_ARTIFACT_CATALOG_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/rpc/call_stream.h"
#include "coordinator/rpc/read_model.h"
#include "storage/blob_store.h"

namespace bonsai {

inline constexpr size_t kBlobChunkBytes = 1 << 20;

class ArtifactCatalog {
 public:
  // Both must outlive this.
  ArtifactCatalog(BlobStore* blobs, const ReadModel* model) : blobs_(blobs), model_(model) {}

  // As ReadModel::ResolveArtifact, GetManifest and TraceLineage; ResourceExhausted if the answer is too
  // large.
  absl::StatusOr<v1::GetArtifactResponse> Get(const v1::GetArtifactRequest& request) const;

  // The bytes from the offset on, in chunks of 1 MiB with a CRC-32C each. They are not checked against the
  // name here: the reader has to, who alone sees what came. OutOfRange: the offset is beyond the end; as
  // BlobStore.
  absl::Status ReadBlob(const v1::ReadBlobRequest& request,
                        const CallStream<v1::ReadBlobResponse>& stream) const;

 private:
  BlobStore* const blobs_;
  const ReadModel* const model_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_ARTIFACT_CATALOG_H_
