// The registry of bonsai-coordinator's metrics and every family in it, with its name and help.
//
// Included by metrics.cc only.
#ifndef BONSAI_COORDINATOR_WEB_METRIC_FAMILIES_H_
#define BONSAI_COORDINATOR_WEB_METRIC_FAMILIES_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <mutex>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "coordinator/web/gauge_set.h"

namespace bonsai {

// Seconds, from what a memory access costs to what makes people complain.
inline const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
// Seconds that jobs wait and run.
inline const prometheus::Histogram::BucketBoundaries kLongSeconds = {0.1, 0.5, 1,   5,    10,    30,
                                                                     60,  300, 900, 3600, 14400, 86400};
inline const prometheus::Histogram::BucketBoundaries kEvents = {1, 2, 4, 8, 16, 32, 64, 128, 256};

inline prometheus::Family<prometheus::Counter>& AddCounters(prometheus::Registry& registry, const char* name,
                                                            const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

inline prometheus::Family<prometheus::Gauge>& AddGauges(prometheus::Registry& registry, const char* name,
                                                        const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

inline prometheus::Family<prometheus::Histogram>& AddHistograms(prometheus::Registry& registry,
                                                                const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// Bounds the values of one label: the first names that come stand for themselves, later ones are "other".
class BoundedNames {
 public:
  std::string Of(absl::string_view name) {
    constexpr size_t kNamesMax = 100;
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::string value(name.empty() ? "default" : name);
    if (names_.count(value) > 0) return value;
    if (names_.size() >= kNamesMax) return "other";
    names_.insert(value);
    return value;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> names_;
};

struct MetricFamilies {
  prometheus::Registry registry;
  BoundedNames queues, tenants;
  GaugeSet pending{registry, "bonsai_pending_jobs",
                   "Jobs that wait, by queue, tenant and what they wait for."};
  GaugeSet running{registry, "bonsai_running_jobs", "Jobs whose attempt is placed, by queue and tenant."};
  GaugeSet step{registry, "bonsai_job_step", "The newest step that a running job reported."};
  GaugeSet loss{registry, "bonsai_job_loss", "The newest training loss of a running job."};
  GaugeSet tokens_per_second{registry, "bonsai_job_tokens_per_second",
                             "Training tokens a second of a running job."};
  GaugeSet checkpoint_stall{registry, "bonsai_job_checkpoint_stall_seconds",
                            "How long a running job has waited for its checkpoints, in all."};
  GaugeSet tenant_cpus{registry, "bonsai_tenant_cpus", "CPUs that a tenant's running ranks hold."};
  GaugeSet tenant_gpus{registry, "bonsai_tenant_gpus", "GPUs that a tenant's running ranks hold."};
  GaugeSet tenant_used{
      registry, "bonsai_tenant_used_cpu_seconds",
      "CPU seconds that a tenant has used, older ones counting less: what fair share goes by."};
  GaugeSet tenant_weight{registry, "bonsai_tenant_weight", "A tenant's weight in fair share."};
  GaugeSet cpus{registry, "bonsai_cpus", "CPUs of live workers, free or leased."};
  GaugeSet gpus{registry, "bonsai_gpus", "GPUs of live workers: free, leased or unhealthy."};
  GaugeSet memory{registry, "bonsai_memory_bytes", "Memory of live workers, free or leased."};
  prometheus::Gauge& cordoned =
      AddGauges(registry, "bonsai_workers_cordoned", "Workers on which nothing new starts.").Add({});
  prometheus::Gauge& storage_size =
      AddGauges(registry, "bonsai_storage_size_bytes", "Size of the file system with the blobs.").Add({});
  prometheus::Gauge& storage_free =
      AddGauges(registry, "bonsai_storage_free_bytes", "What is free of the file system with the blobs.")
          .Add({});
  prometheus::Gauge& recovery =
      AddGauges(registry, "bonsai_recovery_seconds", "How long the start took, with all records loaded.")
          .Add({});
  prometheus::Gauge& start_time =
      AddGauges(registry, "process_start_time_seconds", "Start of the process, Unix time.").Add({});
  prometheus::Family<prometheus::Histogram>& admission =
      AddHistograms(registry, "bonsai_admission_wait_seconds",
                    "From having all inputs to the start of an attempt, by queue.");
  prometheus::Family<prometheus::Histogram>& attempt_seconds =
      AddHistograms(registry, "bonsai_attempt_seconds", "How long attempts ran, by the job's kind.");
  prometheus::Family<prometheus::Counter>& evictions =
      AddCounters(registry, "bonsai_evictions_total",
                  "Attempts that ended before they were done, through no fault of the job.");
  prometheus::Counter& checkpoints =
      AddCounters(registry, "bonsai_checkpoints_total", "Checkpoints on record.").Add({});
  prometheus::Family<prometheus::Counter>& artifacts =
      AddCounters(registry, "bonsai_artifacts_total", "Artifacts made, by kind.");
  prometheus::Family<prometheus::Counter>& artifact_bytes =
      AddCounters(registry, "bonsai_artifact_bytes_total", "Bytes of the files of artifacts made, by kind.");
  prometheus::Family<prometheus::Histogram>& decisions =
      AddHistograms(registry, "bonsai_decision_seconds",
                    "What the scheduler took for one event, its pass over all jobs with it.");
  prometheus::Counter& collections =
      AddCounters(registry, "bonsai_collections_total", "Passes of garbage collection.").Add({});
  prometheus::Counter& collected_blobs =
      AddCounters(registry, "bonsai_collected_blobs_total", "Blobs that garbage collection removed.").Add({});
  prometheus::Counter& collected_bytes =
      AddCounters(registry, "bonsai_collected_bytes_total", "Bytes that garbage collection removed.").Add({});
  GaugeSet stored_blobs{registry, "bonsai_stored_blobs",
                        "Blobs that the last pass of garbage collection kept."};
  GaugeSet stored_bytes{registry, "bonsai_stored_bytes", "Their bytes."};
  prometheus::Counter& pipelines =
      AddCounters(registry, "bonsai_pipelines_submitted_total", "Pipelines accepted since the start.")
          .Add({});
  prometheus::Family<prometheus::Counter>& attempts =
      AddCounters(registry, "bonsai_attempts_total", "Attempts that ended since the start, by outcome.");
  prometheus::Family<prometheus::Gauge>& jobs =
      AddGauges(registry, "bonsai_jobs", "Jobs on record, by state.");
  prometheus::Family<prometheus::Gauge>& workers =
      AddGauges(registry, "bonsai_workers", "Workers that were heard of, live or not.");
  prometheus::Gauge& leases = AddGauges(registry, "bonsai_leases", "Ranks that live workers hold.").Add({});
  prometheus::Family<prometheus::Gauge>& devices =
      AddGauges(registry, "bonsai_devices", "Devices of live workers, by target.");
  prometheus::Gauge& queue_depth =
      AddGauges(registry, "bonsai_event_queue_depth", "Events that wait for the decision loop.").Add({});
  prometheus::Histogram& event_wait =
      AddHistograms(registry, "bonsai_event_wait_seconds", "How long an event waited for the decision loop.")
          .Add({}, kSeconds);
  prometheus::Histogram& commit_seconds =
      AddHistograms(registry, "bonsai_commit_seconds", "How long a synced batch of records took.")
          .Add({}, kSeconds);
  prometheus::Histogram& commit_events =
      AddHistograms(registry, "bonsai_commit_events", "Events that one synced batch held.").Add({}, kEvents);
  prometheus::Family<prometheus::Histogram>& rpc_seconds = AddHistograms(
      registry, "bonsai_rpc_seconds", "Latency of a call, by method; streams count to their end.");
  prometheus::Family<prometheus::Counter>& rpcs =
      AddCounters(registry, "bonsai_rpcs_total", "Calls that ended, by method and status code.");
  prometheus::Family<prometheus::Counter>& refused_calls = AddCounters(
      registry, "bonsai_calls_refused_total",
      "Calls refused for want of a valid token (UNAUTHENTICATED) or of a role (PERMISSION_DENIED).");
  prometheus::Counter& log_bytes =
      AddCounters(registry, "bonsai_log_bytes_total", "Bytes of logs and samples kept.").Add({});
  prometheus::Family<prometheus::Counter>& artifact_checks = AddCounters(
      registry, "bonsai_artifact_checks_total", "Manifests that workers named, by what was found.");
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_METRIC_FAMILIES_H_
