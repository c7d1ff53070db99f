// A store of blobs at the other end of a wire: the calls of the artifact service, as far as the code that
// moves artifacts needs to know them. The agent makes one over gRPC, tests one in memory.
//
// Not thread-safe: each thread that moves blobs has one of its own.
#ifndef BONSAI_STORAGE_REMOTE_BLOB_REMOTE_H_
#define BONSAI_STORAGE_REMOTE_BLOB_REMOTE_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

class BlobRemote {
 public:
  virtual ~BlobRemote() = default;

  // Errors of all of these: Unavailable and DeadlineExceeded where nobody answers; else what the service
  // says.
  virtual absl::StatusOr<v1::FindMissingBlobsResponse> FindMissing(
      const v1::FindMissingBlobsRequest& request) = 0;
  // Gives every message to `take` until it fails, whose error is returned.
  virtual absl::Status Read(const v1::ReadBlobRequest& request,
                            const std::function<absl::Status(const v1::ReadBlobResponse&)>& take) = 0;
  // Sends what `next` fills in until it says false (all is sent) or fails (the call is broken off, and its
  // error returned).
  virtual absl::Status Write(const std::function<absl::StatusOr<bool>(v1::WriteBlobRequest*)>& next) = 0;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_REMOTE_BLOB_REMOTE_H_
