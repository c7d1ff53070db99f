// The coordinator as a whole: loads what was kept, starts the loop and the servers, and writes down where it
// listens. Made by main and by tests.
//
// Start and Stop from one thread.
#ifndef BONSAI_COORDINATOR_COORDINATOR_H_
#define BONSAI_COORDINATOR_COORDINATOR_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"

namespace bonsai {

class Coordinator {
 public:
  // `config` is checked (ParseCoordinatorConfig). When this returns, both servers listen, and
  // state_dir/address and state_dir/metrics_address say where. Errors name the field of the configuration or
  // the file. `clock` is what schedules, leases and records go by, and never goes backwards; empty: the
  // wall's time. Tests move one of their own.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(const v1::CoordinatorConfig& config,
                                                            std::function<absl::Time()> clock = nullptr);
  ~Coordinator();

  std::string address() const;
  std::string metrics_address() const;

  // Ends streams with Unavailable, lets other calls finish for a second, then ends. Idempotent.
  void Stop();

 private:
  struct Parts;
  explicit Coordinator(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

// The first line of share_dir/VERSION, or "unknown".
std::string ReadCodeVersion(const std::string& share_dir);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_COORDINATOR_H_
