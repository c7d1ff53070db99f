// Every metric of bonsai-coordinator, for Prometheus. The loop, the handlers and the stores call in; /metrics
// prints.
//
// Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_WEB_METRICS_H_
#define BONSAI_COORDINATOR_WEB_METRICS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // bonsai_pipelines_submitted_total
  void CountPipeline();
  // bonsai_attempts_total{outcome}
  void CountAttempt(v1::AttemptRecord::Outcome outcome);
  // bonsai_jobs{state}; a state that is absent is 0.
  void SetJobs(const std::map<v1::JobState, uint64_t>& jobs_by_state);
  // bonsai_workers{live}, bonsai_leases, bonsai_devices{target,leased}
  void SetWorkers(const std::vector<v1::WorkerStatus>& workers);
  // bonsai_event_queue_depth
  void SetQueueDepth(size_t events);
  // bonsai_event_wait_seconds: from the queue's end to the loop
  void ObserveEventWait(absl::Duration wait);
  // bonsai_commit_seconds, bonsai_commit_events
  void ObserveCommit(absl::Duration latency, size_t events);
  // bonsai_rpc_seconds{method}, bonsai_rpcs_total{method,code}
  void ObserveRpc(absl::string_view method, absl::string_view code, absl::Duration latency);
  // bonsai_calls_refused_total{code}: calls that did not reach their method
  void CountRefusedCall(absl::string_view code);
  // bonsai_log_bytes_total
  void CountLogBytes(uint64_t bytes);
  // bonsai_artifact_checks_total{result}: "ok", "refused", "cached"
  void CountArtifactCheck(absl::string_view result);

  // All of it in Prometheus' text format.
  std::string Text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_METRICS_H_
