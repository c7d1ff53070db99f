// Between the Scheduler's tables and the Dispatcher: what changed goes in, starts and leaves come out.
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/table_scheduler.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {

void TableScheduler::RecoverDispatcher(absl::Time now) {
  for (const auto& [id, artifact] : artifacts_) dispatcher_.ArtifactAdded(artifact);
  for (const auto& [id, job] : jobs_.all()) {
    dispatcher_.CountPast(job, now);
    if (attempts_.Find(id) == nullptr) continue;
    dispatcher_.AttemptRuns(job, now);
    if (attempts_.Find(id)->ending()) dispatcher_.AttemptEnding(job.sequence());
  }
}

void TableScheduler::RefreshRooms() {
  const ClusterView view = View();
  for (const std::string& id : workers_.TakeChanged()) {
    const Worker* worker = workers_.Find(id);
    if (worker == nullptr || !view.MayStart(*worker)) {
      dispatcher_.WorkerClosed(id);
    } else {
      dispatcher_.WorkerOffers(id, RoomOf(id, worker->offer), view.FreeRoom(*worker), worker->offer);
    }
  }
}

void TableScheduler::Dispatch(absl::Time now) {
  RefreshRooms();
  for (const std::string& id : jobs_.TakeMoved()) {
    const v1::JobRecord& job = *jobs_.Find(id);
    if (jobs_.ready().contains(job.sequence())) {
      dispatcher_.JobWaits(job, now);
    } else {
      dispatcher_.JobGone(job.sequence());
    }
  }
  const Decisions decisions = dispatcher_.Decide(now);
  for (const Start& start : decisions.starts) StartAttempt(start, now);
  for (const Leave& leave : decisions.leaves) {
    Stop(leave.job_id, v1::AttemptRecord::PREEMPTED, leave.why, "scheduler", now);
  }
  if (!decisions.leaves.empty()) Settle(now);  // that they are being stopped is in their records
}

void TableScheduler::StartAttempt(const Start& start, absl::Time now) {
  v1::JobRecord& job = jobs_.Edit(start.job_id);
  const uint32_t number = job.attempts_size() == 0 ? 1 : job.attempts(job.attempts_size() - 1).number() + 1;
  v1::AttemptRecord& attempt = *job.add_attempts();
  attempt.set_number(number);
  attempt.set_started_unix_ms(absl::ToUnixMillis(now));
  for (const v1::Placement& placement : start.placements) *attempt.add_placements() = placement;
  attempts_.Add(start.job_id, attempt);
  clocks_.Start(job, now);
  jobs_.SetState(start.job_id, v1::RUNNING, "", now,
                 {absl::StrCat("started attempt ", number, " on ", DescribePlacements(attempt))});
  const int surplus = job.attempts_size() - static_cast<int>(options_.attempts_kept);
  if (surplus > 0) job.mutable_attempts()->DeleteSubrange(0, surplus);
}

absl::Status TableScheduler::CheckShares(const PipelineSubmitted& event) {
  const std::string tenant(TenantOf(event.actor.tenant));
  const std::string& queue = event.pipeline.queue();
  if (absl::Status status = dispatcher_.queues().CheckQueue(queue, tenant); !status.ok()) return status;
  const v1::TenantConfig& quota = dispatcher_.tenant(tenant);
  for (const v1::JobSpec& job : event.pipeline.jobs()) {
    if (absl::Status status = CheckQuota(job, quota); !status.ok()) return status;
    if (absl::Status status = dispatcher_.queues().CheckJob(job, queue); !status.ok()) return status;
  }
  const uint64_t pending = jobs_.Unended(tenant);
  if (quota.pending_jobs_max() == 0 || pending + event.pipeline.jobs_size() <= quota.pending_jobs_max()) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("the pipeline has ", event.pipeline.jobs_size(), " jobs, and tenant ", tenant, " has ",
                   pending, " that have not ended; its quota is ", quota.pending_jobs_max(),
                   ". Wait for some to end, or cancel some"));
}

std::string TableScheduler::ExplainPending(absl::string_view job_id) const {
  const v1::JobRecord* job = jobs_.Find(job_id);
  if (job == nullptr || !jobs_.ready().contains(job->sequence())) return View().ExplainPending(job_id);
  const std::string wait = dispatcher_.DescribeWait(*job);
  const std::string room = View().ExplainPending(job_id);
  return wait.empty() || room.empty() ? absl::StrCat(wait, room) : absl::StrCat(wait, "; ", room);
}

std::vector<v1::TenantUsage> TableScheduler::ListUsage(absl::Time now) const {
  absl::btree_map<std::string, v1::TenantUsage> by_name;
  const FairShare& shares = dispatcher_.shares();
  for (FairShare::Tenant tenant = 0; tenant < shares.size(); ++tenant) {
    const v1::TenantConfig& config = shares.config(tenant);
    v1::TenantUsage& usage = by_name[config.name()];
    usage.set_tenant(config.name());
    usage.set_weight(config.weight() > 0 ? config.weight() : 1);
    usage.set_cpus(static_cast<uint32_t>(shares.cpus(tenant)));
    usage.set_gpus(static_cast<uint32_t>(shares.gpus(tenant)));
    usage.set_cpu_seconds(shares.Usage(tenant, now));
    usage.set_cpus_max(config.cpus_max());
    usage.set_gpus_max(config.gpus_max());
    usage.set_artifact_bytes(shares.storage_bytes(tenant));
    usage.set_storage_bytes_max(config.storage_bytes_max());
  }
  for (const auto& [id, job] : jobs_.all()) {
    if (HasEnded(job.state())) continue;
    v1::TenantUsage& usage = by_name[job.tenant()];
    const bool runs = job.state() == v1::RUNNING || job.state() == v1::CANCELLING;
    runs ? usage.set_jobs_running(usage.jobs_running() + 1)
         : usage.set_jobs_pending(usage.jobs_pending() + 1);
  }
  std::vector<v1::TenantUsage> usages;
  for (auto& [name, usage] : by_name) usages.push_back(std::move(usage));
  return usages;
}

}  // namespace bonsai
