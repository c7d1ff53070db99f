#include "coordinator/scheduler/virtual_cluster.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/job_kinds.h"

namespace bonsai {
namespace {

// Deadlines of a scheduler that come again at the same time must not stop the clock.
constexpr absl::Duration kInstant = absl::Milliseconds(1);

const v1::AttemptRecord& LastAttempt(const v1::JobRecord& job) {
  return job.attempts(job.attempts_size() - 1);
}

bool IsLive(const v1::JobRecord& job) { return job.state() == v1::RUNNING || job.state() == v1::CANCELLING; }

}  // namespace

VirtualCluster::VirtualCluster(std::unique_ptr<Scheduler> scheduler, VirtualWork& work, absl::Time now)
    : scheduler_(std::move(scheduler)), work_(work), now_(now), last_look_(now), last_event_(now) {}

void VirtualCluster::Adopt(const v1::JobRecord& job) { StartAttempt(job); }

void VirtualCluster::AddWorker(const Worker& worker) {
  WorkerState& state = workers_[worker.id];
  state.request.set_worker_id(worker.id);
  state.request.set_session("virtual");
  state.request.set_leaving(worker.leaving);
  *state.request.mutable_offer() = worker.offer;
  for (const v1::RankReport& rank : worker.ranks) state.ranks[{rank.job_id(), rank.rank()}] = rank.attempt();
  WorkerSynchronized event;
  event.request = state.request;
  for (const v1::RankReport& rank : worker.ranks) *event.request.add_ranks() = rank;
  Apply(event);
}

std::vector<Action> VirtualCluster::Apply(const Event& event) {
  last_look_ = last_event_ = now_;
  std::vector<Action> actions = scheduler_->Apply(now_, event);
  Observe(actions);
  return actions;
}

void VirtualCluster::Observe(const std::vector<Action>& actions) {
  for (const Action& action : actions) {
    if (const auto* put = std::get_if<PutJob>(&action)) ObserveJob(put->record);
  }
}

void VirtualCluster::ObserveJob(const v1::JobRecord& job) {
  if (job.state() == v1::READY) {
    pending_.insert(job.id());
  } else {
    pending_.erase(job.id());
  }
  const auto it = attempts_.find(job.id());
  const bool known = it != attempts_.end() && IsLive(job) &&
                     LastAttempt(it->second.job).number() == LastAttempt(job).number();
  if (!known) {
    ForgetAttempt(job.id());
    if (job.state() == v1::RUNNING) StartAttempt(job);
  } else if (!it->second.leaving && (job.state() == v1::CANCELLING || !job.reason().empty())) {
    // A running job has a reason only while it is being stopped.
    AskedToLeave(job);
  }
  work_.Observe(job, now_);
}

void VirtualCluster::StartAttempt(const v1::JobRecord& job) {
  Attempt& attempt = attempts_[job.id()];
  attempt.job = job;
  attempt.started = absl::FromUnixMillis(LastAttempt(job).started_unix_ms());
  const absl::Duration length = work_.Start(job, now_);
  if (length != absl::InfiniteDuration()) {
    attempt.ends = now_ + std::max(length, kInstant);
    ends_.insert({attempt.ends, job.id()});
  }
  for (const v1::Placement& placement : LastAttempt(job).placements()) {
    workers_[placement.worker_id()].ranks[{job.id(), placement.rank()}] = LastAttempt(job).number();
  }
}

void VirtualCluster::ForgetAttempt(const std::string& job_id) {
  const auto it = attempts_.find(job_id);
  if (it == attempts_.end()) return;
  for (const v1::Placement& placement : LastAttempt(it->second.job).placements()) {
    workers_[placement.worker_id()].ranks.erase({job_id, placement.rank()});
  }
  ends_.erase({it->second.ends, job_id});
  attempts_.erase(it);
}

void VirtualCluster::AskedToLeave(const v1::JobRecord& job) {
  Attempt& attempt = attempts_.at(job.id());
  ends_.erase({attempt.ends, job.id()});
  attempt.leaving = true;
  attempt.ends = now_ + std::max(work_.Leave(job, now_ - attempt.started), kInstant);
  ends_.insert({attempt.ends, job.id()});
}

void VirtualCluster::End(const std::string& job_id) {
  const Attempt attempt = attempts_.at(job_id);
  // Whatever the scheduler makes of it, it ends once.
  ends_.erase({attempt.ends, job_id});
  attempts_.at(job_id).ends = absl::InfiniteFuture();
  const v1::AttemptRecord& record = LastAttempt(attempt.job);
  v1::ArtifactRecord output;
  output.set_id(absl::StrCat("output-", ++outputs_));
  output.set_kind(std::string(OutputKind(attempt.job.spec())));
  absl::btree_set<std::string> workers;
  for (const v1::Placement& placement : record.placements()) workers.insert(placement.worker_id());
  for (const std::string& worker_id : workers) {
    WorkerState& worker = workers_[worker_id];
    WorkerSynchronized event;
    event.request = worker.request;
    for (const auto& [rank, number] : worker.ranks) {
      v1::RankReport& report = *event.request.add_ranks();
      report.set_job_id(rank.first);
      report.set_rank(rank.second);
      report.set_attempt(number);
      report.set_phase(v1::RankReport::RUNNING);
      if (rank.first != job_id) continue;
      report.set_phase(v1::RankReport::EXITED);
      report.set_exit(attempt.leaving ? v1::RankReport::PREEMPTED : v1::RankReport::DONE);
      if (rank.second == 0 && !attempt.leaving) report.set_output_id(output.id());
    }
    event.artifacts[output.id()] = output;
    Apply(event);
  }
}

absl::Time VirtualCluster::NextTick() const {
  if (tick_ == absl::ZeroDuration() || pending_.empty()) return absl::InfiniteFuture();
  const absl::Time next = last_look_ + tick_;
  return next <= last_event_ + lasting_ ? next : absl::InfiniteFuture();
}

bool VirtualCluster::Step(absl::Time until) {
  const absl::Time deadline =
      std::max(scheduler_->NextDeadline().value_or(absl::InfiniteFuture()), now_ + kInstant);
  const absl::Time ends = ends_.empty() ? absl::InfiniteFuture() : ends_.begin()->first;
  const absl::Time next = std::max(std::min({deadline, ends, NextTick()}), now_);
  if (next > until) {
    now_ = std::max(now_, until);
    return false;
  }
  now_ = next;
  if (ends <= now_) {
    End(std::string(ends_.begin()->second));
  } else {
    last_look_ = now_;
    Observe(scheduler_->Apply(now_, DeadlineReached{}));
  }
  return true;
}

}  // namespace bonsai
