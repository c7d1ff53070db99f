#include "worker/agent/coordinator_link.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bonsai/v1/worker.grpc.pb.h"
#include "security/grpc_credentials.h"
#include "security/handshake.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kAddressBytesMax = 1024;
constexpr int kMessageBytesMax = 64 << 20;
// gRPC's own default waits up to two minutes between tries to connect.
constexpr int kReconnectMinMs = 100;
constexpr int kReconnectMaxMs = 1000;

}  // namespace

struct CoordinatorLink::Connection {
  std::string address;
  std::optional<Credentials> credentials;
  std::unique_ptr<v1::Workers::Stub> stub;
};

CoordinatorLink::CoordinatorLink(std::string address, std::string address_file, absl::Duration deadline,
                                 v1::SecurityConfig security)
    : fixed_address_(std::move(address)),
      address_file_(std::move(address_file)),
      deadline_(deadline),
      security_(std::move(security)) {}

CoordinatorLink::~CoordinatorLink() = default;

absl::Status CoordinatorLink::Connect() {
  std::string address = fixed_address_;
  if (address.empty()) {
    absl::StatusOr<std::string> text = ReadFileBytes(address_file_, kAddressBytesMax);
    if (!text.ok())
      return absl::UnavailableError(absl::StrCat("coordinator address: ", text.status().message()));
    address = std::string(absl::StripAsciiWhitespace(*text));
    if (address.empty())
      return absl::UnavailableError(absl::StrCat("coordinator address: ", address_file_, " is empty"));
  }
  if (connection_ != nullptr && connection_->address == address) return absl::OkStatus();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMinMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  auto connection = std::make_unique<Connection>();
  connection->address = address;
  if (WantsSecurity(security_)) {
    absl::StatusOr<Credentials> credentials = LoadCallerCredentials(security_, absl::Now());
    if (!credentials.ok()) return credentials.status();
    connection->credentials = *std::move(credentials);
  }
  connection->stub = v1::Workers::NewStub(
      grpc::CreateCustomChannel(address,
                                connection->credentials ? MakeChannelCredentials(*connection->credentials)
                                                        : grpc::InsecureChannelCredentials(),
                                arguments));
  connection_ = std::move(connection);
  return absl::OkStatus();
}

absl::Status CoordinatorLink::FromGrpc(const grpc::Status& status, absl::string_view call) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    const absl::Status shaken = DiagnoseHandshake(
        connection_->address, connection_->credentials ? &*connection_->credentials : nullptr);
    if (!shaken.ok()) {
      connection_ = nullptr;  // the files may be better by then
      return absl::UnavailableError(absl::StrCat(call, ": ", shaken.message()));
    }
  }
  if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) connection_ = nullptr;
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
