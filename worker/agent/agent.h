// A worker: does what the coordinator wants of it. Two threads: Run starts and watches runner processes; the
// Synchronizer talks to the coordinator. They meet at the RankBoard.
//
// Made and run by main, on its main thread, which lives as long as the process: runners die with it.
#ifndef BONSAI_WORKER_AGENT_AGENT_H_
#define BONSAI_WORKER_AGENT_AGENT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"
#include "bonsai/v1/worker.pb.h"

namespace bonsai {

// From SIGTERM to SIGKILL of a rank that is to stop.
inline constexpr absl::Duration kStopGrace = absl::Seconds(10);

class Agent {
 public:
  // Blocks SIGTERM, SIGINT and SIGCHLD for this thread and those that it starts: Run reads them. Call before
  // any thread.
  static void BlockSignals();

  // Takes work_dir for this process alone, ends what an earlier agent left in it, and starts to serve
  // metrics, whose address goes to the file work_dir/metrics_address. Unavailable if another agent holds
  // work_dir.
  static absl::StatusOr<std::unique_ptr<Agent>> Create(v1::WorkerConfig config, v1::WorkerOffer offer,
                                                       std::string session, absl::Duration stop_grace);
  ~Agent();

  // Works until SIGTERM or SIGINT; then asks the ranks to leave and returns when they have.
  void Run();

 private:
  struct Parts;
  explicit Agent(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_AGENT_H_
