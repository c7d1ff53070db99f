#include "coordinator/web/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "coordinator/web/gauge_set.h"
#include "coordinator/web/metric_families.h"

namespace bonsai {
namespace {

std::string OutcomeName(v1::AttemptRecord::Outcome outcome) {
  return outcome == v1::AttemptRecord::OUTCOME_UNSPECIFIED ? "LIVE"
                                                           : v1::AttemptRecord::Outcome_Name(outcome);
}

// Which of a sample's metrics are shown, by the gauge that shows them.
constexpr const char* kShownMetrics[] = {"loss", "tokens_per_second", "checkpoint_stall_seconds"};

bool IsEviction(v1::AttemptRecord::Outcome outcome) {
  return outcome == v1::AttemptRecord::PREEMPTED || outcome == v1::AttemptRecord::LOST ||
         outcome == v1::AttemptRecord::HUNG || outcome == v1::AttemptRecord::TIMED_OUT;
}

}  // namespace

Metrics::Metrics() : families_(std::make_unique<MetricFamilies>()) {
  SetJobs({});
  families_->start_time.Set(static_cast<double>(std::time(nullptr)));
  for (const char* reason : {"PREEMPTED", "LOST", "HUNG", "TIMED_OUT"})
    families_->evictions.Add({{"reason", reason}});
  for (const char* code : {"UNAUTHENTICATED", "PERMISSION_DENIED"})
    families_->refused_calls.Add({{"code", code}});
}
Metrics::~Metrics() = default;

void Metrics::CountPipeline() { families_->pipelines.Increment(); }

void Metrics::CountEndedAttempt(absl::string_view kind, const v1::AttemptRecord& attempt) {
  const std::string outcome = OutcomeName(attempt.outcome());
  families_->attempts.Add({{"outcome", outcome}}).Increment();
  if (IsEviction(attempt.outcome())) families_->evictions.Add({{"reason", outcome}}).Increment();
  const double seconds = static_cast<double>(attempt.ended_unix_ms() - attempt.started_unix_ms()) / 1000;
  families_->attempt_seconds.Add({{"kind", std::string(kind)}}, kLongSeconds).Observe(std::max(0.0, seconds));
}

void Metrics::SetCensus(const JobCensus& census) {
  std::map<GaugeSet::Labels, double> pending, running, step, shown[3];
  for (const auto& [key, count] : census.pending) {
    pending[{{"queue", families_->queues.Of(key[0])},
             {"tenant", families_->tenants.Of(key[1])},
             {"reason", key[2]}}] += static_cast<double>(count);
  }
  for (const auto& [key, count] : census.running) {
    running[{{"queue", families_->queues.Of(key[0])}, {"tenant", families_->tenants.Of(key[1])}}] +=
        static_cast<double>(count);
  }
  for (const v1::JobStatus& status : census.measured) {
    const GaugeSet::Labels job = {{"job_id", status.job().id()}};
    step[job] = static_cast<double>(status.sample().step());
    for (const v1::Metric& metric : status.sample().metrics()) {
      for (size_t i = 0; i < std::size(kShownMetrics); ++i) {
        if (metric.name() == kShownMetrics[i]) shown[i][job] = metric.value();
      }
    }
  }
  families_->pending.Set(pending);
  families_->running.Set(running);
  families_->step.Set(step);
  families_->loss.Set(shown[0]);
  families_->tokens_per_second.Set(shown[1]);
  families_->checkpoint_stall.Set(shown[2]);
}

void Metrics::SetUsage(const std::vector<v1::TenantUsage>& tenants) {
  std::map<GaugeSet::Labels, double> cpus, gpus, used, weight;
  for (const v1::TenantUsage& tenant : tenants) {
    const GaugeSet::Labels labels = {{"tenant", families_->tenants.Of(tenant.tenant())}};
    cpus[labels] += tenant.cpus();
    gpus[labels] += tenant.gpus();
    used[labels] += tenant.cpu_seconds();
    weight[labels] += tenant.weight();
  }
  families_->tenant_cpus.Set(cpus);
  families_->tenant_gpus.Set(gpus);
  families_->tenant_used.Set(used);
  families_->tenant_weight.Set(weight);
}

void Metrics::SetStorage(uint64_t size_bytes, uint64_t free_bytes) {
  families_->storage_size.Set(static_cast<double>(size_bytes));
  families_->storage_free.Set(static_cast<double>(free_bytes));
}

void Metrics::SetRecovery(absl::Duration duration) {
  families_->recovery.Set(absl::ToDoubleSeconds(duration));
}

void Metrics::ObserveAdmission(absl::string_view queue, absl::Duration wait) {
  families_->admission.Add({{"queue", families_->queues.Of(queue)}}, kLongSeconds)
      .Observe(std::max(0.0, absl::ToDoubleSeconds(wait)));
}

void Metrics::CountCheckpoint() { families_->checkpoints.Increment(); }

void Metrics::CountArtifact(const v1::ArtifactRecord& record) {
  families_->artifacts.Add({{"kind", record.kind()}}).Increment();
  families_->artifact_bytes.Add({{"kind", record.kind()}})
      .Increment(static_cast<double>(record.size_bytes()));
}

void Metrics::ObserveDecision(absl::string_view event, absl::Duration duration) {
  families_->decisions.Add({{"event", std::string(event)}}, kSeconds)
      .Observe(absl::ToDoubleSeconds(duration));
}

void Metrics::CountCollection(const v1::CollectGarbageResponse& collected) {
  families_->collections.Increment();
  families_->collected_blobs.Increment(static_cast<double>(collected.blobs()));
  families_->collected_bytes.Increment(static_cast<double>(collected.bytes()));
  families_->stored_blobs.Set({{{}, static_cast<double>(collected.blobs_kept())}});
  families_->stored_bytes.Set({{{}, static_cast<double>(collected.bytes_kept())}});
}

void Metrics::SetJobs(const std::map<v1::JobState, uint64_t>& jobs_by_state) {
  for (int state = v1::WAITING; state <= v1::CANCELLED; ++state) {
    auto found = jobs_by_state.find(static_cast<v1::JobState>(state));
    families_->jobs.Add({{"state", v1::JobState_Name(state)}})
        .Set(found == jobs_by_state.end() ? 0 : static_cast<double>(found->second));
  }
}

void Metrics::SetWorkers(const std::vector<v1::WorkerStatus>& workers) {
  int live = 0;
  int leases = 0;
  int cordoned = 0;
  std::map<GaugeSet::Labels, double> cpus, gpus, memory;
  const auto add = [](std::map<GaugeSet::Labels, double>& values, const char* state, double value) {
    values[{{"state", state}}] += value;
  };
  std::map<std::string, std::pair<int, int>> devices;  // target -> free, leased
  for (const v1::WorkerStatus& worker : workers) {
    if (!worker.live()) continue;
    ++live;
    leases += worker.running_size();
    cordoned += worker.record().cordoned() ? 1 : 0;
    add(cpus, "free", worker.cpus_free());
    add(cpus, "leased", worker.cpus() - worker.cpus_free());
    add(memory, "free", static_cast<double>(worker.memory_bytes_free()));
    add(memory, "leased", static_cast<double>(worker.memory_bytes() - worker.memory_bytes_free()));
    double unhealthy = 0;
    for (const v1::Gpu& gpu : worker.gpu_devices()) unhealthy += gpu.unhealthy().empty() ? 0 : 1;
    add(gpus, "unhealthy", unhealthy);
    add(gpus, "free", std::max(0.0, worker.gpus_free() - unhealthy));
    add(gpus, "leased", worker.gpus() - worker.gpus_free());
    for (const v1::DeviceStatus& device : worker.devices()) {
      auto& [free, leased] = devices[device.device().target()];
      ++(device.leased_by().empty() ? free : leased);
    }
  }
  families_->workers.Add({{"live", "true"}}).Set(live);
  families_->workers.Add({{"live", "false"}}).Set(static_cast<double>(workers.size()) - live);
  families_->leases.Set(leases);
  families_->cordoned.Set(cordoned);
  families_->cpus.Set(cpus);
  families_->gpus.Set(gpus);
  families_->memory.Set(memory);
  for (const auto& [target, counts] : devices) {
    families_->devices.Add({{"target", target}, {"leased", "false"}}).Set(counts.first);
    families_->devices.Add({{"target", target}, {"leased", "true"}}).Set(counts.second);
  }
}

void Metrics::SetQueueDepth(size_t events) { families_->queue_depth.Set(static_cast<double>(events)); }

void Metrics::ObserveEventWait(absl::Duration wait) {
  families_->event_wait.Observe(absl::ToDoubleSeconds(wait));
}

void Metrics::ObserveCommit(absl::Duration latency, size_t events) {
  families_->commit_seconds.Observe(absl::ToDoubleSeconds(latency));
  families_->commit_events.Observe(static_cast<double>(events));
}

void Metrics::ObserveRpc(absl::string_view method, absl::string_view code, absl::Duration latency) {
  families_->rpc_seconds.Add({{"method", std::string(method)}}, kSeconds)
      .Observe(absl::ToDoubleSeconds(latency));
  families_->rpcs.Add({{"method", std::string(method)}, {"code", std::string(code)}}).Increment();
}

void Metrics::CountRefusedCall(absl::string_view code) {
  families_->refused_calls.Add({{"code", std::string(code)}}).Increment();
}

void Metrics::CountLogBytes(uint64_t bytes) { families_->log_bytes.Increment(static_cast<double>(bytes)); }

void Metrics::CountArtifactCheck(absl::string_view result) {
  families_->artifact_checks.Add({{"result", std::string(result)}}).Increment();
}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace bonsai
