#include "worker/agent/coordinator_blobs.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bonsai/v1/coordinator.grpc.pb.h"

namespace bonsai {
namespace {

constexpr std::chrono::seconds kCallDeadline(30);
// Between two pieces. A coordinator that stores a large blob says nothing until it has read all of it again.
constexpr std::chrono::seconds kStillMax(60);

absl::Status FromGrpc(const grpc::Status& status, absl::string_view call) {
  if (status.ok()) return absl::OkStatus();
  absl::StatusCode code = static_cast<absl::StatusCode>(status.error_code());
  // Nobody here gave it up: the other side or the wire did.
  if (code == absl::StatusCode::kCancelled) code = absl::StatusCode::kUnavailable;
  return absl::Status(code, absl::StrCat(call, ": ", status.error_message()));
}

// Breaks a call off once nothing has moved for kStillMax.
class Watchdog {
 public:
  explicit Watchdog(grpc::ClientContext* context) : context_(context), thread_([this] { Watch(); }) {}
  ~Watchdog() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ended_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  void Moved() {
    std::lock_guard<std::mutex> lock(mutex_);
    moved_ = true;
  }

 private:
  void Watch() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, kStillMax, [this] { return ended_; })) {
      if (!moved_) return context_->TryCancel();
      moved_ = false;
    }
  }

  grpc::ClientContext* const context_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  bool moved_ = false;
  std::thread thread_;
};

class CoordinatorBlobs : public BlobRemote {
 public:
  explicit CoordinatorBlobs(CoordinatorChannel* channel) : channel_(channel) {}

  absl::StatusOr<v1::FindMissingBlobsResponse> FindMissing(
      const v1::FindMissingBlobsRequest& request) override {
    auto stub = Connect();
    if (!stub.ok()) return stub.status();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    v1::FindMissingBlobsResponse response;
    const grpc::Status status = (*stub)->FindMissingBlobs(&context, request, &response);
    if (!status.ok()) return Take(status, "FindMissingBlobs");
    return response;
  }

  absl::Status Read(const v1::ReadBlobRequest& request,
                    const std::function<absl::Status(const v1::ReadBlobResponse&)>& take) override {
    auto stub = Connect();
    if (!stub.ok()) return stub.status();
    grpc::ClientContext context;
    Watchdog watchdog(&context);
    auto reader = (*stub)->ReadBlob(&context, request);
    v1::ReadBlobResponse response;
    absl::Status taken;
    while (taken.ok() && reader->Read(&response)) {
      watchdog.Moved();
      taken = take(response);
    }
    if (!taken.ok()) context.TryCancel();
    const grpc::Status status = reader->Finish();
    return taken.ok() ? Take(status, "ReadBlob") : taken;
  }

  absl::Status Write(const std::function<absl::StatusOr<bool>(v1::WriteBlobRequest*)>& next) override {
    auto stub = Connect();
    if (!stub.ok()) return stub.status();
    grpc::ClientContext context;
    Watchdog watchdog(&context);
    v1::WriteBlobResponse response;
    auto writer = (*stub)->WriteBlob(&context, &response);
    v1::WriteBlobRequest request;
    absl::StatusOr<bool> more = next(&request);
    // A write that fails has a reason, which Finish gives.
    while (more.ok() && *more && writer->Write(request)) {
      watchdog.Moved();
      more = next(&request);
    }
    if (more.ok()) {
      writer->WritesDone();
    } else {
      context.TryCancel();
    }
    const grpc::Status status = writer->Finish();
    return more.ok() ? Take(status, "WriteBlob") : more.status();
  }

 private:
  absl::Status Take(const grpc::Status& status, absl::string_view call) {
    // What this worker showed itself with may be out of date; the files may be better by the next call.
    if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
        status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      channel_->Drop();
    }
    return FromGrpc(status, call);
  }

  absl::StatusOr<std::unique_ptr<v1::Coordinator::Stub>> Connect() {
    auto connection = channel_->Get();
    if (!connection.ok()) return connection.status();
    return v1::Coordinator::NewStub((*connection)->channel);
  }

  CoordinatorChannel* const channel_;
};

}  // namespace

std::unique_ptr<BlobRemote> MakeCoordinatorBlobs(CoordinatorChannel* channel) {
  return std::make_unique<CoordinatorBlobs>(channel);
}

}  // namespace bonsai
