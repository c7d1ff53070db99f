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
#include "coordinator/web/job_census.h"

namespace bonsai {

struct MetricFamilies;

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // bonsai_pipelines_submitted_total
  void CountPipeline();
  // bonsai_jobs{state}; a state that is absent is 0.
  void SetJobs(const std::map<v1::JobState, uint64_t>& jobs_by_state);
  // bonsai_pending_jobs{queue,tenant,reason}, bonsai_running_jobs{queue,tenant}, and of running jobs that
  // report samples bonsai_job_step{job_id}, bonsai_job_loss{job_id}, bonsai_job_tokens_per_second{job_id},
  // bonsai_job_checkpoint_stall_seconds{job_id}
  void SetCensus(const JobCensus& census);
  // bonsai_tenant_cpus{tenant}, bonsai_tenant_gpus{tenant}, bonsai_tenant_used_cpu_seconds{tenant},
  // bonsai_tenant_weight{tenant}
  void SetUsage(const std::vector<v1::TenantUsage>& tenants);
  // bonsai_storage_size_bytes, bonsai_storage_free_bytes: of the file system with the blobs
  void SetStorage(uint64_t size_bytes, uint64_t free_bytes);
  // bonsai_recovery_seconds: from the start of the process's work to its first answer
  void SetRecovery(absl::Duration duration);
  // bonsai_admission_wait_seconds{queue}: from having all inputs to the start of an attempt
  void ObserveAdmission(absl::string_view queue, absl::Duration wait);
  // bonsai_attempts_total{outcome}, bonsai_attempt_seconds{kind}, bonsai_evictions_total{reason}
  void CountEndedAttempt(absl::string_view kind, const v1::AttemptRecord& attempt);
  // bonsai_checkpoints_total
  void CountCheckpoint();
  // bonsai_artifacts_total{kind}, bonsai_artifact_bytes_total{kind}
  void CountArtifact(const v1::ArtifactRecord& record);
  // bonsai_decision_seconds{event}: what the scheduler took for one event
  void ObserveDecision(absl::string_view event, absl::Duration duration);
  // bonsai_collections_total, bonsai_collected_blobs_total, bonsai_collected_bytes_total,
  // bonsai_stored_blobs, bonsai_stored_bytes
  void CountCollection(const v1::CollectGarbageResponse& collected);
  // bonsai_workers{live}, bonsai_workers_cordoned, bonsai_leases, bonsai_devices{target,leased},
  // bonsai_cpus{state}, bonsai_gpus{state}, bonsai_memory_bytes{state}
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
  std::unique_ptr<MetricFamilies> families_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_METRICS_H_
