#include "storage/remote/fake_remote.h"

#include <algorithm>

#include "proto/piece_checksum.h"

namespace bonsai {
namespace {

class FakeRemote : public BlobRemote {
 public:
  explicit FakeRemote(FakeFarSide* far_side) : far_(far_side) {}

  absl::StatusOr<v1::FindMissingBlobsResponse> FindMissing(
      const v1::FindMissingBlobsRequest& request) override {
    if (Away()) return absl::UnavailableError("nobody there");
    v1::FindMissingBlobsResponse response;
    for (const v1::Blob& blob : request.blobs()) {
      if (far_->blobs->Check(blob).ok()) continue;
      v1::MissingBlob& missing = *response.add_missing();
      *missing.mutable_blob() = blob;
      missing.set_received_bytes(far_->partial->ReceivedBytes(blob));
    }
    return response;
  }

  absl::Status Read(const v1::ReadBlobRequest& request,
                    const std::function<absl::Status(const v1::ReadBlobResponse&)>& take) override {
    if (Away()) return absl::UnavailableError("nobody there");
    absl::StatusOr<std::string> bytes = far_->blobs->Get(request.sha256(), 1 << 30);
    if (!bytes.ok()) return bytes.status();
    for (uint64_t at = request.offset(); at < bytes->size(); at += far_->piece_bytes) {
      if (far_->messages_to_break-- == 0) return absl::UnavailableError("broke off");
      v1::ReadBlobResponse response;
      response.set_data(bytes->substr(at, far_->piece_bytes));
      response.set_crc32c(Crc32c(response.data()));
      far_->bytes_sent += response.data().size();
      if (far_->messages_to_damage-- == 0) (*response.mutable_data())[0] ^= 1;
      if (absl::Status taken = take(response); !taken.ok()) return taken;
    }
    return absl::OkStatus();
  }

  absl::Status Write(const std::function<absl::StatusOr<bool>(v1::WriteBlobRequest*)>& next) override {
    if (Away()) return absl::UnavailableError("nobody there");
    std::unique_ptr<PartialBlobs::Incoming> incoming;
    while (true) {
      v1::WriteBlobRequest request;
      absl::StatusOr<bool> more = next(&request);
      if (!more.ok()) return more.status();
      if (!*more) return incoming->Finish();
      if (far_->messages_to_break-- == 0) return absl::UnavailableError("broke off");
      if (far_->messages_to_damage-- == 0) (*request.mutable_data())[0] ^= 1;
      far_->bytes_received += request.data().size();
      if (incoming == nullptr) {
        auto started = far_->partial->Start(request.blob(), request.offset());
        if (!started.ok()) return started.status();
        incoming = *std::move(started);
      }
      absl::Status taken = incoming->Append(request.offset(), request.data(), request.crc32c());
      if (!taken.ok()) return taken;
    }
  }

 private:
  bool Away() {
    if (far_->calls_away <= 0) return false;
    --far_->calls_away;
    return true;
  }

  FakeFarSide* const far_;
};

}  // namespace

std::unique_ptr<BlobRemote> ConnectTo(FakeFarSide* far_side) {
  return std::make_unique<FakeRemote>(far_side);
}

}  // namespace bonsai
