#include "coordinator/simulate/simulated_work.h"

#include <algorithm>

#include "coordinator/scheduler/tenancy.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

constexpr absl::Duration kDefaultLeave = absl::Seconds(5);

absl::Duration LeaveOf(const v1::JobStream& stream) {
  return stream.leave_seconds() == 0 ? kDefaultLeave : absl::Seconds(stream.leave_seconds());
}

uint32_t CpusOf(const v1::JobStream& stream) { return std::max(stream.resources().cpus(), 1u); }

}  // namespace

uint32_t RanksAsked(const v1::JobStream& stream) {
  return std::max({stream.resources().ranks(), stream.resources().max_ranks(), 1u});
}

SimulatedWork::SimulatedWork(const v1::Simulation& simulation, absl::Time start, absl::Time end)
    : simulation_(simulation), end_(end), meter_(start, end) {}

size_t SimulatedWork::TenantOf(const v1::JobStream& stream) {
  const std::string name(bonsai::TenantOf(stream.tenant()));
  const auto [it, is_new] = tenant_by_name_.try_emplace(name, tenants_.size());
  if (!is_new) return it->second;
  double weight = 1;
  for (const v1::TenantConfig& tenant : simulation_.tenants()) {
    if (tenant.name() == name && tenant.weight() > 0) weight = tenant.weight();
  }
  meter_.AddTenant(weight);
  tenants_.emplace_back(name);
  return it->second;
}

size_t SimulatedWork::QueueOf(const v1::JobStream& stream) {
  const std::string name = stream.queue().empty() ? "default" : stream.queue();
  const auto [it, is_new] = queue_by_name_.try_emplace(name, queues_.size());
  if (is_new) queues_.emplace_back(name);
  return it->second;
}

void SimulatedWork::Expect(const Arrival& arrival) {
  expected_ = {};
  expected_.stream = arrival.job;
  expected_.left = arrival.length;
  expected_.tenant = TenantOf(*arrival.job);
  expected_.queue = QueueOf(*arrival.job);
}

void SimulatedWork::Refuse(const Arrival& arrival) {
  for (GroupFigures* group : {&tenants_[TenantOf(*arrival.job)], &queues_[QueueOf(*arrival.job)]}) {
    group->counts().set_submitted(group->counts().submitted() + 1);
    group->counts().set_refused(group->counts().refused() + 1);
  }
}

SimulatedWork::Job& SimulatedWork::Find(const v1::JobRecord& record) {
  const auto [it, is_new] = jobs_.try_emplace(record.id(), expected_);
  if (is_new) {
    it->second.submitted = absl::FromUnixMillis(record.submitted_unix_ms());
    for (GroupFigures* group : {&tenants_[it->second.tenant], &queues_[it->second.queue]}) {
      group->counts().set_submitted(group->counts().submitted() + 1);
    }
  }
  return it->second;
}

absl::Duration SimulatedWork::Start(const v1::JobRecord& record, absl::Time now) {
  Job& job = Find(record);
  Release(job, now);
  job.ranks = static_cast<uint32_t>(record.attempts(record.attempts_size() - 1).placements_size());
  job.since = now;
  meter_.Hold(job.tenant, static_cast<double>(job.ranks) * CpusOf(*job.stream),
              static_cast<double>(job.ranks) * job.stream->resources().gpus(), now);
  if (!job.started) {
    job.started = true;
    tenants_[job.tenant].AddWait(now - job.submitted);
    queues_[job.queue].AddWait(now - job.submitted);
  }
  return job.left * RanksAsked(*job.stream) / job.ranks;
}

void SimulatedWork::CountLoss(const Job& job, absl::Duration held) {
  const double hours = absl::ToDoubleHours(held) * job.ranks * CpusOf(*job.stream);
  for (GroupFigures* group : {&tenants_[job.tenant], &queues_[job.queue]}) {
    group->counts().set_preemptions(group->counts().preemptions() + 1);
    group->counts().set_lost_cpu_hours(group->counts().lost_cpu_hours() + hours);
  }
}

absl::Duration SimulatedWork::Leave(const v1::JobRecord& record, absl::Duration ran) {
  Job& job = Find(record);
  const absl::Duration leave = LeaveOf(*job.stream);
  if (job.stream->checkpoints()) {
    job.left = std::max(job.left - ran * job.ranks / RanksAsked(*job.stream), absl::ZeroDuration());
    CountLoss(job, leave);
  } else {
    CountLoss(job, ran + leave);
  }
  return leave;
}

void SimulatedWork::Release(Job& job, absl::Time now) {
  if (job.ranks == 0) return;
  const double cpus = static_cast<double>(job.ranks) * CpusOf(*job.stream);
  const double gpus = static_cast<double>(job.ranks) * job.stream->resources().gpus();
  meter_.Hold(job.tenant, -cpus, -gpus, now);
  const double hours = absl::ToDoubleHours(now - job.since);
  for (GroupFigures* group : {&tenants_[job.tenant], &queues_[job.queue]}) {
    group->counts().set_cpu_hours(group->counts().cpu_hours() + hours * cpus);
    group->counts().set_gpu_hours(group->counts().gpu_hours() + hours * gpus);
  }
  job.ranks = 0;
}

void SimulatedWork::Observe(const v1::JobRecord& record, absl::Time now) {
  Job& job = Find(record);
  if (record.state() != v1::RUNNING && record.state() != v1::CANCELLING) Release(job, now);
  const bool waits = record.state() == v1::READY;
  if (waits != job.waits) meter_.Wait(job.tenant, waits ? 1 : -1, now);
  job.waits = waits;
  if (!HasEnded(record.state())) return;
  for (GroupFigures* group : {&tenants_[job.tenant], &queues_[job.queue]}) {
    if (record.state() == v1::DONE) group->counts().set_done(group->counts().done() + 1);
    if (record.state() == v1::FAILED) group->counts().set_failed(group->counts().failed() + 1);
  }
  jobs_.erase(record.id());
}

std::vector<std::string> SimulatedWork::Unstarted(size_t most) const {
  std::vector<std::pair<absl::Time, std::string>> found;
  for (const auto& [id, job] : jobs_) {
    if (!job.started) found.emplace_back(job.submitted, id);
  }
  const size_t kept = std::min(most, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end());
  std::vector<std::string> ids;
  for (size_t i = 0; i < kept; ++i) ids.push_back(found[i].second);
  return ids;
}

v1::SimulationReport SimulatedWork::Report(absl::Time now) {
  meter_.Advance(now);
  v1::SimulationReport report;
  for (size_t i = 0; i < tenants_.size(); ++i) {
    v1::SimulationReport::Group& group = *report.add_tenants() = tenants_[i].Report();
    group.set_share_got(meter_.ShareOf(i).got);
    group.set_share_due(meter_.ShareOf(i).due);
    report.set_submitted(report.submitted() + group.submitted());
    report.set_done(report.done() + group.done());
    report.set_preemptions(report.preemptions() + group.preemptions());
    report.set_lost_cpu_hours(report.lost_cpu_hours() + group.lost_cpu_hours());
  }
  for (const GroupFigures& queue : queues_) *report.add_queues() = queue.Report();
  report.set_jain_index(meter_.JainIndex());
  report.set_unfinished(jobs_.size());
  report.set_cpu_utilisation(meter_.cpu_seconds());
  report.set_gpu_utilisation(meter_.gpu_seconds());
  return report;
}

}  // namespace bonsai
