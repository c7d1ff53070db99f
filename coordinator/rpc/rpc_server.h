// The gRPC server: both services, reflection, the standard health service, on one address.
//
// Every call has a thread of its own (gRPC's synchronous server), which keeps a call a plain function.
// Threads are bounded, and CoordinatorService bounds the calls that may hold one for long to half of them; so
// 50 watchers, or 250, leave room for every worker.
#ifndef BONSAI_COORDINATOR_RPC_RPC_SERVER_H_
#define BONSAI_COORDINATOR_RPC_RPC_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class Server;
class ServerCredentials;
class Service;
}  // namespace grpc

namespace bonsai {

class RpcServer {
 public:
  // `listen_address` is "host:port"; for a port of 0 the port of `last_address` is tried, then any free one.
  // Unavailable if it cannot listen there. The services must outlive the server. `credentials` nullptr: calls
  // are neither encrypted nor authenticated.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      const std::string& listen_address, const std::string& last_address,
      const std::vector<grpc::Service*>& services,
      std::shared_ptr<grpc::ServerCredentials> credentials = nullptr);
  ~RpcServer();

  // With the port that is bound: "127.0.0.1:41234".
  const std::string& address() const { return address_; }

  // Takes no new calls, waits up to `grace` for those that run, then cancels them. Idempotent.
  void Shutdown(absl::Duration grace);

 private:
  RpcServer(std::unique_ptr<grpc::Server> server, std::string address);

  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
};

// Whether only this machine can reach the address.
bool IsLoopback(const std::string& address);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_RPC_SERVER_H_
