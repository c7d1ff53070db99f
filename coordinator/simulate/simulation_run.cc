#include "coordinator/simulate/simulation_run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/scheduler/tenancy.h"
#include "coordinator/scheduler/virtual_cluster.h"
#include "coordinator/simulate/arrivals.h"
#include "coordinator/simulate/simulated_work.h"

namespace bonsai {
namespace {

constexpr uint64_t kDefaultBytesPerCpu = uint64_t{4} << 30;
constexpr size_t kUnstartedTold = 10;
// Any instant will do; this one reads well in a history.
const absl::Time kStart = absl::FromUnixSeconds(1'000'000'000);

double HoursOf(const v1::Simulation& simulation) { return simulation.hours() == 0 ? 24 : simulation.hours(); }

std::string KindOf(const v1::JobStream& stream) { return stream.kind().empty() ? "data" : stream.kind(); }

SchedulerOptions OptionsOf(const v1::Simulation& simulation) {
  SchedulerOptions options;
  options.lease = kEndlessLease;
  options.queues.assign(simulation.queues().begin(), simulation.queues().end());
  options.tenants.assign(simulation.tenants().begin(), simulation.tenants().end());
  if (simulation.preempt_after_seconds() > 0) {
    options.preempt_after = absl::Seconds(simulation.preempt_after_seconds());
  }
  if (simulation.usage_half_life_hours() > 0) {
    options.usage_half_life = absl::Hours(simulation.usage_half_life_hours());
  }
  return options;
}

v1::WorkerOffer OfferOf(const v1::WorkerGroup& group) {
  v1::WorkerOffer offer;
  offer.set_cpus(group.cpus());
  offer.set_memory_bytes(group.memory_bytes() == 0 ? group.cpus() * kDefaultBytesPerCpu
                                                   : group.memory_bytes());
  offer.set_gpus(group.gpus());
  *offer.mutable_labels() = group.labels();
  *offer.mutable_kinds() = group.kinds();
  offer.set_shares_storage(true);
  if (group.kinds().empty()) {
    const auto* kinds = v1::JobSpec::descriptor()->FindOneofByName("spec");
    for (int i = 0; i < kinds->field_count(); ++i) offer.add_kinds(kinds->field(i)->name());
  }
  return offer;
}

PipelineSubmitted SubmissionOf(const v1::JobStream& stream) {
  PipelineSubmitted event;
  event.actor.name = "simulation";
  event.actor.tenant = std::string(TenantOf(stream.tenant()));
  event.actor.admin = false;
  event.pipeline.set_queue(stream.queue());
  v1::JobSpec& spec = *event.pipeline.add_jobs();
  spec.set_name(stream.name());
  spec.set_priority(stream.priority());
  spec.set_time_limit_seconds(stream.time_limit_seconds());
  *spec.mutable_resources() = stream.resources();
  const auto* kind = v1::JobSpec::descriptor()->FindFieldByName(KindOf(stream));
  v1::JobSpec::GetReflection()->MutableMessage(&spec, kind);
  event.inputs.emplace_back();
  return event;
}

bool WasRefused(const std::vector<Action>& actions) {
  return std::any_of(actions.begin(), actions.end(),
                     [](const Action& action) { return std::holds_alternative<Reject>(action); });
}

// The share of the cluster's cpus and gpus, from the seconds that were held.
void SetUtilisation(const v1::Simulation& simulation, absl::Duration measured, v1::SimulationReport& report) {
  double cpus = 0;
  double gpus = 0;
  for (const v1::WorkerGroup& group : simulation.workers()) {
    const double count = std::max(group.count(), 1u);
    cpus += count * group.cpus();
    gpus += count * group.gpus();
  }
  const double seconds = absl::ToDoubleSeconds(measured);
  report.set_cpu_utilisation(seconds > 0 ? report.cpu_utilisation() / (cpus * seconds) : 0);
  report.set_gpu_utilisation(seconds > 0 && gpus > 0 ? report.gpu_utilisation() / (gpus * seconds) : 0);
}

void AddWorkers(const v1::Simulation& simulation, VirtualCluster& cluster) {
  for (const v1::WorkerGroup& group : simulation.workers()) {
    VirtualCluster::Worker worker;
    worker.offer = OfferOf(group);
    for (uint32_t i = 0; i < std::max(group.count(), 1u); ++i) {
      worker.id = absl::StrCat(group.name(), "-", i);
      cluster.AddWorker(worker);
    }
  }
}

}  // namespace

v1::SimulationReport RunSimulation(const v1::Simulation& simulation) {
  const absl::Time end = kStart + absl::Hours(HoursOf(simulation));
  const absl::Time last =
      end + absl::Hours(simulation.drain_hours() == 0 ? 24 * 7 : simulation.drain_hours());
  SimulatedWork work(simulation, kStart, end);
  VirtualCluster cluster(Scheduler::Create(OptionsOf(simulation), Records(), kStart), work, kStart);
  AddWorkers(simulation, cluster);
  Arrivals arrivals(simulation);
  while (const std::optional<Arrival> arrival = arrivals.Next()) {
    while (cluster.Step(kStart + arrival->at)) {
    }
    work.Expect(*arrival);
    if (WasRefused(cluster.Apply(SubmissionOf(*arrival->job)))) work.Refuse(*arrival);
  }
  while (work.unended() > 0 && cluster.Step(last)) {
  }
  v1::SimulationReport report = work.Report(cluster.now());
  SetUtilisation(simulation, std::min(cluster.now(), end) - kStart, report);
  report.set_simulated_hours(absl::ToDoubleHours(cluster.now() - kStart));
  for (const std::string& id : work.Unstarted(kUnstartedTold)) {
    report.add_unstarted(absl::StrCat(id, ": ", cluster.scheduler().ExplainPending(id)));
  }
  return report;
}

}  // namespace bonsai
