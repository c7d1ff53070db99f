#include "worker/agent/coordinator_channel.h"

#include <grpcpp/grpcpp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "security/grpc_credentials.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kAddressBytesMax = 1024;
constexpr int kMessageBytesMax = 64 << 20;
// gRPC's own default waits up to two minutes between tries to connect.
constexpr int kReconnectMinMs = 100;
constexpr int kReconnectMaxMs = 1000;
// And gives up a connection that is not made within this: a busy machine needs its time.
constexpr int kConnectMaxMs = 5000;

}  // namespace

absl::StatusOr<std::string> CoordinatorChannel::Address() const {
  if (!fixed_address_.empty()) return fixed_address_;
  absl::StatusOr<std::string> text = ReadFileBytes(address_file_, kAddressBytesMax);
  if (!text.ok())
    return absl::UnavailableError(absl::StrCat("coordinator address: ", text.status().message()));
  std::string address(absl::StripAsciiWhitespace(*text));
  if (address.empty())
    return absl::UnavailableError(absl::StrCat("coordinator address: ", address_file_, " is empty"));
  return address;
}

absl::StatusOr<std::shared_ptr<const CoordinatorChannel::Connection>> CoordinatorChannel::Get() {
  absl::StatusOr<std::string> address = Address();
  if (!address.ok()) return address.status();
  std::lock_guard<std::mutex> lock(mutex_);
  if (connection_ != nullptr && connection_->address == *address) return connection_;
  auto connection = std::make_shared<Connection>();
  connection->address = *address;
  if (WantsSecurity(security_)) {
    absl::StatusOr<Credentials> credentials = LoadCallerCredentials(security_, absl::Now());
    if (!credentials.ok()) return credentials.status();
    connection->credentials = *std::move(credentials);
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMinMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMaxMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  // It tries an address that failed again only after it has looked it up again, by default 30 s later.
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, kReconnectMinMs);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  connection->channel =
      grpc::CreateCustomChannel(*address,
                                connection->credentials ? MakeChannelCredentials(*connection->credentials)
                                                        : grpc::InsecureChannelCredentials(),
                                arguments);
  connection_ = std::move(connection);
  return connection_;
}

void CoordinatorChannel::Drop() {
  std::lock_guard<std::mutex> lock(mutex_);
  connection_ = nullptr;
}

}  // namespace bonsai
