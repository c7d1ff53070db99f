#include "coordinator/rpc/blob_intake.h"

#include "absl/strings/str_cat.h"
#include "storage/digest.h"

namespace bonsai {
namespace {

absl::Status CheckName(const v1::Blob& blob) {
  if (IsSha256Hex(blob.sha256())) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("blob.sha256: \"", blob.sha256().substr(0, 80),
                                                 "\" is not 64 lower-case hexadecimal digits"));
}

}  // namespace

absl::StatusOr<v1::FindMissingBlobsResponse> BlobIntake::FindMissing(
    const v1::FindMissingBlobsRequest& request) const {
  if (request.blobs_size() > kFoundBlobsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("blobs: ", request.blobs_size(), " are asked for; at most ", kFoundBlobsMax));
  }
  v1::FindMissingBlobsResponse response;
  for (const v1::Blob& blob : request.blobs()) {
    if (absl::Status named = CheckName(blob); !named.ok()) return named;
    // Who asks is about to name it. One that has another size is as good as missing.
    if (blobs_->Renew(blob).ok()) continue;
    v1::MissingBlob& missing = *response.add_missing();
    *missing.mutable_blob() = blob;
    missing.set_received_bytes(partial_->ReceivedBytes(blob));
  }
  return response;
}

absl::StatusOr<v1::WriteBlobResponse> BlobIntake::Write(const Next& next,
                                                        const std::function<bool()>& broke_off) {
  struct Slot {
    std::atomic<int>& count;
    ~Slot() { --count; }
  };
  const int running = ++running_;
  const Slot slot{running_};
  if (running > kUploadsMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the coordinator takes ", kUploadsMax, " uploads already; try again later"));
  }
  v1::WriteBlobRequest request;
  if (!next(&request) || !request.has_blob()) {
    return absl::InvalidArgumentError("blob: the first message of an upload names it");
  }
  const v1::Blob blob = request.blob();
  if (absl::Status named = CheckName(blob); !named.ok()) return named;
  if (!blobs_->Renew(blob).ok()) {
    if (absl::Status taken = Take(request, blob, next, broke_off); !taken.ok()) return taken;
  }
  v1::WriteBlobResponse response;
  response.set_size_bytes(blob.size_bytes());
  return response;
}

absl::Status BlobIntake::Take(v1::WriteBlobRequest& request, const v1::Blob& blob, const Next& next,
                              const std::function<bool()>& broke_off) {
  absl::StatusOr<std::unique_ptr<PartialBlobs::Incoming>> incoming = partial_->Start(blob, request.offset());
  if (!incoming.ok()) return incoming.status();
  do {
    absl::Status taken = (*incoming)->Append(request.offset(), request.data(), request.crc32c());
    if (!taken.ok()) return taken;
  } while (next(&request));
  if (broke_off()) return absl::CancelledError("the upload broke off");
  return (*incoming)->Finish();
}

}  // namespace bonsai
