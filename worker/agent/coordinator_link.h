// The worker's calls to the coordinator over gRPC: each with a deadline, over a channel that follows the
// coordinator's address when it restarts elsewhere.
//
// Used by the Synchronizer, on its thread. Not thread-safe.
#ifndef BONSAI_WORKER_AGENT_COORDINATOR_LINK_H_
#define BONSAI_WORKER_AGENT_COORDINATOR_LINK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"
#include "bonsai/v1/worker.pb.h"
#include "worker/agent/coordinator_channel.h"

namespace grpc {
class Status;
}

namespace bonsai {

class CoordinatorLink {
 public:
  // If `address` is empty it is read from `address_file` before each call. `security` as in a WorkerConfig:
  // its files are read for each new connection, and again after the coordinator refused what they hold.
  CoordinatorLink(std::string address, std::string address_file, absl::Duration deadline,
                  v1::SecurityConfig security = {});
  ~CoordinatorLink();

  // The coordinator's address of now. Unavailable if it is not known.
  absl::StatusOr<std::string> Address() const { return channel_.Address(); }
  // Unavailable if the coordinator cannot be reached, DeadlineExceeded if it does not answer; what is wrong
  // with the files of `security`; else what it says.
  absl::StatusOr<v1::SynchronizeResponse> Synchronize(const v1::SynchronizeRequest& request);
  // How many bytes of the stream the coordinator has now. Errors as of Synchronize.
  absl::StatusOr<uint64_t> AppendLog(const v1::AppendLogRequest& request);

 private:
  struct Connection;

  // Makes `connection_` one to the address of now.
  absl::Status Connect();
  absl::Status FromGrpc(const grpc::Status& status, absl::string_view call);

  CoordinatorChannel channel_;
  const absl::Duration deadline_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_COORDINATOR_LINK_H_
