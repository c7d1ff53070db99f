#include "worker/agent/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <ctime>
#include <exception>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr v1::RankReport::Phase kPhases[] = {v1::RankReport::STARTING, v1::RankReport::RUNNING,
                                             v1::RankReport::STOPPING, v1::RankReport::EXITED};

}  // namespace

struct AgentMetrics::Families {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  prometheus::Family<prometheus::Gauge>& ranks =
      prometheus::BuildGauge().Name("bonsai_worker_ranks").Help("Ranks by phase.").Register(*registry);
  prometheus::Histogram& synchronize_seconds =
      prometheus::BuildHistogram()
          .Name("bonsai_worker_synchronize_seconds")
          .Help("Time of calls to the coordinator that were answered.")
          .Register(*registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                           0.5, 1, 2.5, 5});
  prometheus::Counter& synchronize_failures =
      prometheus::BuildCounter()
          .Name("bonsai_worker_synchronize_failures_total")
          .Help("Calls to the coordinator that were not answered, or refused.")
          .Register(*registry)
          .Add({});
  prometheus::Family<prometheus::Counter>& exits = prometheus::BuildCounter()
                                                       .Name("bonsai_worker_runner_exits_total")
                                                       .Help("Runners that ended, by job kind and outcome.")
                                                       .Register(*registry);
  prometheus::Counter& log_bytes = prometheus::BuildCounter()
                                       .Name("bonsai_worker_log_bytes_forwarded_total")
                                       .Help("Bytes of logs and samples that the coordinator acknowledged.")
                                       .Register(*registry)
                                       .Add({});
  prometheus::Family<prometheus::Gauge>& info =
      prometheus::BuildGauge().Name("bonsai_worker_info").Help("Who this is.").Register(*registry);
  prometheus::Gauge& start_time = prometheus::BuildGauge()
                                      .Name("process_start_time_seconds")
                                      .Help("Start of the process, Unix time.")
                                      .Register(*registry)
                                      .Add({});
  std::unique_ptr<prometheus::Exposer> exposer;
};

AgentMetrics::AgentMetrics(const std::string& worker_id) : families_(std::make_unique<Families>()) {
  families_->info.Add({{"worker_id", worker_id}}).Set(1);
  families_->start_time.Set(static_cast<double>(time(nullptr)));
  SetRanks({});
}

AgentMetrics::~AgentMetrics() = default;

absl::StatusOr<std::string> AgentMetrics::Serve(const std::string& address) {
  // prometheus-cpp says by an exception that it cannot listen.
  try {
    families_->exposer = std::make_unique<prometheus::Exposer>(address, 1);
    families_->exposer->RegisterCollectable(families_->registry);
    std::vector<int> ports = families_->exposer->GetListeningPorts();
    if (ports.empty())
      return absl::UnavailableError(absl::StrCat("metrics_address \"", address, "\": no port"));
    return absl::StrCat(address.substr(0, address.rfind(':')), ":", ports.front());
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("metrics_address \"", address, "\": cannot listen (",
                                               error.what(),
                                               "): want host:port, where port 0 takes a free one"));
  }
}

void AgentMetrics::SetRanks(const std::map<v1::RankReport::Phase, int>& ranks) {
  for (v1::RankReport::Phase phase : kPhases) {
    auto found = ranks.find(phase);
    families_->ranks.Add({{"phase", absl::AsciiStrToLower(v1::RankReport::Phase_Name(phase))}})
        .Set(found == ranks.end() ? 0 : found->second);
  }
}

void AgentMetrics::ObserveSynchronize(double seconds) { families_->synchronize_seconds.Observe(seconds); }

void AgentMetrics::CountSynchronizeFailure() { families_->synchronize_failures.Increment(); }

void AgentMetrics::CountExit(const std::string& kind, v1::RankReport::Exit exit) {
  families_->exits.Add({{"kind", kind}, {"outcome", absl::AsciiStrToLower(v1::RankReport::Exit_Name(exit))}})
      .Increment();
}

void AgentMetrics::CountLogBytes(double bytes) { families_->log_bytes.Increment(bytes); }

}  // namespace bonsai
