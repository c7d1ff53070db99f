#include "coordinator/web/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace bonsai {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

// Seconds, from what a memory access costs to what makes people complain.
const Histogram::BucketBoundaries kSeconds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                              0.1,    0.2,   0.5,   1,     2,    5,    10};
const Histogram::BucketBoundaries kEvents = {1, 2, 4, 8, 16, 32, 64, 128, 256};

Family<Counter>& AddCounters(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& AddGauges(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Family<Histogram>& AddHistograms(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

std::string OutcomeName(v1::AttemptRecord::Outcome outcome) {
  return outcome == v1::AttemptRecord::OUTCOME_UNSPECIFIED ? "LIVE"
                                                           : v1::AttemptRecord::Outcome_Name(outcome);
}

}  // namespace

struct Metrics::Families {
  Registry registry;
  Counter& pipelines =
      AddCounters(registry, "bonsai_pipelines_submitted_total", "Pipelines accepted since the start.")
          .Add({});
  Family<Counter>& attempts =
      AddCounters(registry, "bonsai_attempts_total", "Attempts that ended since the start, by outcome.");
  Family<Gauge>& jobs = AddGauges(registry, "bonsai_jobs", "Jobs on record, by state.");
  Family<Gauge>& workers = AddGauges(registry, "bonsai_workers", "Workers that were heard of, live or not.");
  Gauge& leases = AddGauges(registry, "bonsai_leases", "Ranks that live workers hold.").Add({});
  Family<Gauge>& devices = AddGauges(registry, "bonsai_devices", "Devices of live workers, by target.");
  Gauge& queue_depth =
      AddGauges(registry, "bonsai_event_queue_depth", "Events that wait for the decision loop.").Add({});
  Histogram& event_wait =
      AddHistograms(registry, "bonsai_event_wait_seconds", "How long an event waited for the decision loop.")
          .Add({}, kSeconds);
  Histogram& commit_seconds =
      AddHistograms(registry, "bonsai_commit_seconds", "How long a synced batch of records took.")
          .Add({}, kSeconds);
  Histogram& commit_events =
      AddHistograms(registry, "bonsai_commit_events", "Events that one synced batch held.").Add({}, kEvents);
  Family<Histogram>& rpc_seconds = AddHistograms(registry, "bonsai_rpc_seconds",
                                                 "Latency of a call, by method; streams count to their end.");
  Family<Counter>& rpcs =
      AddCounters(registry, "bonsai_rpcs_total", "Calls that ended, by method and status code.");
  Family<Counter>& refused_calls = AddCounters(
      registry, "bonsai_calls_refused_total",
      "Calls refused for want of a valid token (UNAUTHENTICATED) or of a role (PERMISSION_DENIED).");
  Counter& log_bytes =
      AddCounters(registry, "bonsai_log_bytes_total", "Bytes of logs and samples kept.").Add({});
  Family<Counter>& artifact_checks = AddCounters(registry, "bonsai_artifact_checks_total",
                                                 "Manifests that workers named, by what was found.");
};

Metrics::Metrics() : families_(std::make_unique<Families>()) { SetJobs({}); }
Metrics::~Metrics() = default;

void Metrics::CountPipeline() { families_->pipelines.Increment(); }

void Metrics::CountAttempt(v1::AttemptRecord::Outcome outcome) {
  families_->attempts.Add({{"outcome", OutcomeName(outcome)}}).Increment();
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
  std::map<std::string, std::pair<int, int>> devices;  // target -> free, leased
  for (const v1::WorkerStatus& worker : workers) {
    if (!worker.live()) continue;
    ++live;
    leases += worker.running_size();
    for (const v1::DeviceStatus& device : worker.devices()) {
      auto& [free, leased] = devices[device.device().target()];
      ++(device.leased_by().empty() ? free : leased);
    }
  }
  families_->workers.Add({{"live", "true"}}).Set(live);
  families_->workers.Add({{"live", "false"}}).Set(static_cast<double>(workers.size()) - live);
  families_->leases.Set(leases);
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
