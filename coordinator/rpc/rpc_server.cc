#include "coordinator/rpc/rpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <mutex>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace bonsai {
namespace {

constexpr int kThreadsMax = 512;
constexpr int kReceivedMessageBytesMax = 16 << 20;
constexpr int kSentMessageBytesMax = 64 << 20;

struct HostPort {
  std::string host;
  int port = -1;
};

HostPort Split(const std::string& address) {
  HostPort parts;
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return parts;
  parts.host = address.substr(0, colon);
  if (!absl::SimpleAtoi(address.substr(colon + 1), &parts.port)) parts.port = -1;
  return parts;
}

// Reflection and health are options of the whole process.
void EnablePlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

// The server and its port, or nullptr if the address cannot be had.
std::pair<std::unique_ptr<grpc::Server>, int> TryListen(
    const std::string& address, const std::vector<grpc::Service*>& services,
    const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, credentials, &port);
  // Two coordinators must not share a port by accident.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Clients and agents probe a connection that is quiet.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetMaxReceiveMessageSize(kReceivedMessageBytesMax);
  builder.SetMaxSendMessageSize(kSentMessageBytesMax);
  grpc::ResourceQuota quota("bonsai-coordinator");
  quota.SetMaxThreads(kThreadsMax);
  builder.SetResourceQuota(quota);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (port <= 0) server = nullptr;
  return {std::move(server), port};
}

}  // namespace

bool IsLoopback(const std::string& address) {
  const HostPort parts = Split(address);
  const std::string& host = parts.host;
  return host.rfind("127.", 0) == 0 || host == "localhost" || host == "[::1]" || host == "unix";
}

RpcServer::RpcServer(std::unique_ptr<grpc::Server> server, std::string address)
    : server_(std::move(server)), address_(std::move(address)) {}

RpcServer::~RpcServer() { Shutdown(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    const std::string& listen_address, const std::string& last_address,
    const std::vector<grpc::Service*>& services, std::shared_ptr<grpc::ServerCredentials> credentials) {
  EnablePlugins();
  if (credentials == nullptr) credentials = grpc::InsecureServerCredentials();
  const HostPort wanted = Split(listen_address);
  if (wanted.host.empty() || wanted.port < 0 || wanted.port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen_address: \"", listen_address, "\" is not host:port, as in \"127.0.0.1:0\""));
  }
  const HostPort last = Split(last_address);
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  if (wanted.port == 0 && last.host == wanted.host && last.port > 0) {
    std::tie(server, port) = TryListen(last_address, services, credentials);
  }
  if (server == nullptr) std::tie(server, port) = TryListen(listen_address, services, credentials);
  if (server == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("listen_address: cannot listen on ", listen_address, "; is the port taken?"));
  }
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(server), absl::StrCat(wanted.host, ":", port)));
}

void RpcServer::Shutdown(absl::Duration grace) {
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  server_->Wait();
}

}  // namespace bonsai
