// Blobs that come over the wire: which are missing, and their pieces. Some of the calls of the Coordinator
// service.
//
// Safe to call from any thread; Write keeps its caller's for as long as the pieces come.
#ifndef BONSAI_COORDINATOR_RPC_BLOB_INTAKE_H_
#define BONSAI_COORDINATOR_RPC_BLOB_INTAKE_H_

#include <atomic>
#include <functional>

#include "absl/status/statusor.h"
#include "bonsai/v1/coordinator.pb.h"
#include "storage/blob_store.h"
#include "storage/partial_blobs.h"

namespace bonsai {

// Uploads that run at once; more are refused with ResourceExhausted.
inline constexpr int kUploadsMax = 64;
// Blobs in one FindMissingBlobs.
inline constexpr int kFoundBlobsMax = 10000;

class BlobIntake {
 public:
  // Both must outlive this.
  BlobIntake(BlobStore* blobs, PartialBlobs* partial) : blobs_(blobs), partial_(partial) {}

  // InvalidArgument: too many blobs, or one whose name is none.
  absl::StatusOr<v1::FindMissingBlobsResponse> FindMissing(const v1::FindMissingBlobsRequest& request) const;

  // The next message of the stream; false at its end.
  using Next = std::function<bool(v1::WriteBlobRequest*)>;
  // What the store has already is answered at once, whatever else would come. Errors as PartialBlobs;
  // Cancelled: the stream broke off (`broke_off`), and what came stays.
  absl::StatusOr<v1::WriteBlobResponse> Write(const Next& next, const std::function<bool()>& broke_off);

 private:
  absl::Status Take(v1::WriteBlobRequest& request, const v1::Blob& blob, const Next& next,
                    const std::function<bool()>& broke_off);

  BlobStore* const blobs_;
  PartialBlobs* const partial_;
  std::atomic<int> running_{0};
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_BLOB_INTAKE_H_
