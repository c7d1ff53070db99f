// The worker's connection to its coordinator: one channel, and a new one when the coordinator restarts at
// another address, or when the files that it shows itself with were of no use.
//
// Used by CoordinatorLink and CoordinatorBlobs. Safe from any thread.
#ifndef BONSAI_WORKER_AGENT_COORDINATOR_CHANNEL_H_
#define BONSAI_WORKER_AGENT_COORDINATOR_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bonsai/v1/config.pb.h"
#include "security/credentials.h"

namespace bonsai {

class CoordinatorChannel {
 public:
  struct Connection {
    std::string address;
    std::optional<Credentials> credentials;
    std::shared_ptr<grpc::Channel> channel;
  };

  // If `address` is empty it is read from `address_file` at each Get. `security` as in a WorkerConfig: its
  // files are read for each new connection.
  CoordinatorChannel(std::string address, std::string address_file, v1::SecurityConfig security)
      : fixed_address_(std::move(address)),
        address_file_(std::move(address_file)),
        security_(std::move(security)) {}

  // The address of now. Unavailable if it is not known.
  absl::StatusOr<std::string> Address() const;
  // A connection to the address of now. Unavailable if that is not known; else what is wrong with the files.
  absl::StatusOr<std::shared_ptr<const Connection>> Get();
  // The next Get makes a new one.
  void Drop();

 private:
  const std::string fixed_address_;
  const std::string address_file_;
  const v1::SecurityConfig security_;
  std::mutex mutex_;
  std::shared_ptr<const Connection> connection_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_COORDINATOR_CHANNEL_H_
