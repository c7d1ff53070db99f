#include "worker/agent/coordinator_link.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bonsai/v1/worker.grpc.pb.h"
#include "security/handshake.h"

namespace bonsai {

struct CoordinatorLink::Connection {
  std::shared_ptr<const CoordinatorChannel::Connection> to;
  std::unique_ptr<v1::Workers::Stub> stub;
};

CoordinatorLink::CoordinatorLink(std::string address, std::string address_file, absl::Duration deadline,
                                 v1::SecurityConfig security)
    : channel_(std::move(address), std::move(address_file), std::move(security)), deadline_(deadline) {}

CoordinatorLink::~CoordinatorLink() = default;

absl::Status CoordinatorLink::Connect() {
  auto to = channel_.Get();
  if (!to.ok()) return to.status();
  if (connection_ != nullptr && connection_->to == *to) return absl::OkStatus();
  connection_ = std::make_unique<Connection>();
  connection_->to = *to;
  connection_->stub = v1::Workers::NewStub((*to)->channel);
  return absl::OkStatus();
}

absl::Status CoordinatorLink::FromGrpc(const grpc::Status& status, absl::string_view call) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    const CoordinatorChannel::Connection& to = *connection_->to;
    const absl::Status shaken = DiagnoseHandshake(to.address, to.credentials ? &*to.credentials : nullptr);
    if (!shaken.ok()) {
      channel_.Drop();  // the files may be better by then
      return absl::UnavailableError(absl::StrCat(call, ": ", shaken.message()));
    }
  }
  if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) channel_.Drop();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      absl::StrCat(call, ": ", status.error_message()));
}

absl::StatusOr<v1::SynchronizeResponse> CoordinatorLink::Synchronize(const v1::SynchronizeRequest& request) {
  if (absl::Status status = Connect(); !status.ok()) return status;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline_));
  v1::SynchronizeResponse response;
  grpc::Status status = connection_->stub->Synchronize(&context, request, &response);
  if (!status.ok()) return FromGrpc(status, "Synchronize");
  return response;
}

absl::StatusOr<uint64_t> CoordinatorLink::AppendLog(const v1::AppendLogRequest& request) {
  if (absl::Status status = Connect(); !status.ok()) return status;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline_));
  v1::AppendLogResponse response;
  grpc::Status status = connection_->stub->AppendLog(&context, request, &response);
  if (!status.ok()) return FromGrpc(status, "AppendLog");
  return response.size_bytes();
}

}  // namespace bonsai
