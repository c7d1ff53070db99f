// All Prometheus metrics of a worker, and the HTTP server that shows them at /metrics.
//
//   bonsai_worker_ranks{phase}                          gauge, ranks that the worker has now
//   bonsai_worker_synchronize_seconds                   histogram, of calls that were answered
//   bonsai_worker_synchronize_failures_total            counter
//   bonsai_worker_runner_exits_total{kind,outcome}      counter; outcome: done, failed, bad_input, preempted
//   bonsai_worker_log_bytes_forwarded_total             counter
//   bonsai_worker_info{worker_id}                       1
//   process_start_time_seconds                          gauge, Unix time
//
// Safe from any thread.
#ifndef BONSAI_WORKER_AGENT_METRICS_H_
#define BONSAI_WORKER_AGENT_METRICS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bonsai/v1/worker.pb.h"

namespace bonsai {

class AgentMetrics {
 public:
  explicit AgentMetrics(const std::string& worker_id);
  ~AgentMetrics();

  // Starts to listen on "host:port" and returns the address with the port that was taken. Unavailable if it
  // cannot.
  absl::StatusOr<std::string> Serve(const std::string& address);

  void SetRanks(const std::map<v1::RankReport::Phase, int>& ranks);
  void ObserveSynchronize(double seconds);
  void CountSynchronizeFailure();
  void CountExit(const std::string& kind, v1::RankReport::Exit exit);
  void CountLogBytes(double bytes);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_METRICS_H_
