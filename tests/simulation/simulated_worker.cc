#include "tests/simulation/simulated_worker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/job_kinds.h"

namespace bonsai {

SimulatedWorker::SimulatedWorker(std::string id, uint32_t cpus, bool device, double damage, Ledger& ledger,
                                 Random& random)
    : id_(std::move(id)), damage_(damage), ledger_(ledger), random_(random) {
  offer_.set_cpus(cpus);
  offer_.set_memory_bytes(uint64_t{16} << 30);
  offer_.set_gpus(cpus / 2);
  for (const char* kind : {"data", "tokenizer", "pack", "pretrain", "benchmark"}) offer_.add_kinds(kind);
  if (!device) return;
  offer_.add_devices()->set_id("local");
  offer_.mutable_devices(0)->set_target("host");
}

void SimulatedWorker::Run(absl::Time now, bool faults) {
  faults_ = faults;
  for (auto& [id, process] : processes_) {
    if (!process.alive()) continue;
    if (!process.hangs) process.report.mutable_progress()->set_step(++process.progress);
    if (now >= process.ends) {
      End(process, faults);
    } else if (process.task.spec().has_pretrain() && process.task.rank() == 0 && random_.Chance(0.05)) {
      WriteCheckpoint(process);
    }
  }
}

void SimulatedWorker::WriteCheckpoint(SimulatedProcess& process) {
  v1::CheckpointWritten& checkpoint = *process.report.mutable_checkpoint();
  checkpoint.set_step(++process.step);
  checkpoint.set_manifest_id(
      absl::StrCat("checkpoint of ", process.task.job_id(), " ", process.task.attempt(), " ", process.step));
  Ledger::Made& made = ledger_.artifacts[checkpoint.manifest_id()];
  made.job_id = process.task.job_id();
  made.attempt = process.task.attempt();
  made.record.set_kind("checkpoint");
  if (random_.Chance(damage_)) ledger_.damaged.insert(checkpoint.manifest_id());
}

void SimulatedWorker::End(SimulatedProcess& process, bool faults) {
  v1::RankReport& report = process.report;
  report.set_phase(v1::RankReport::EXITED);
  if (process.stopping && !random_.Chance(0.2)) {
    // It was asked to checkpoint and leave.
    if (report.rank() == 0 && process.task.spec().has_pretrain()) WriteCheckpoint(process);
    report.set_exit(v1::RankReport::PREEMPTED);
    return;
  }
  if (faults && random_.Chance(0.1)) {
    report.set_exit(random_.Chance(0.05) ? v1::RankReport::BAD_INPUT : v1::RankReport::FAILED);
    return;
  }
  report.set_exit(v1::RankReport::DONE);
  ledger_.exited_done.insert({report.job_id(), report.attempt(), report.rank()});
  if (report.rank() != 0) return;
  report.set_output_id(absl::StrCat("output of ", report.job_id(), " ", report.attempt()));
  if (faults && random_.Chance(0.03)) return;  // It says so, but its blobs are not whole.
  Ledger::Made& made = ledger_.artifacts[report.output_id()];
  made.job_id = report.job_id();
  made.attempt = report.attempt();
  made.record.set_kind(std::string(OutputKind(process.task.spec())));
}

bool SimulatedWorker::IsSession(const std::string& session) const {
  return session == absl::StrCat("session ", session_);
}

v1::SynchronizeRequest SimulatedWorker::MakeRequest() {
  v1::SynchronizeRequest request;
  request.set_worker_id(id_);
  request.set_session(absl::StrCat("session ", session_));
  request.set_sequence(++sequence_);
  request.set_leaving(leaving_);
  *request.mutable_offer() = offer_;
  for (const auto& [id, process] : processes_) *request.add_ranks() = process.report;
  return request;
}

std::vector<v1::Task> SimulatedWorker::TakeAnswer(const v1::SynchronizeRequest& request,
                                                  const v1::SynchronizeResponse& response, absl::Time now) {
  if (!IsSession(request.session()) || request.sequence() != sequence_) return {};
  next_request = now + absl::Milliseconds(response.next_synchronize_ms());
  std::map<RankId, const v1::Task*> desired;
  for (const v1::Task& task : response.desired())
    desired[{task.job_id(), task.attempt(), task.rank()}] = &task;
  for (auto it = processes_.begin(); it != processes_.end();) {
    SimulatedProcess& process = it->second;
    if (desired.count(it->first) == 0 && process.alive() && !process.stopping) {
      process.stopping = true;
      process.report.set_phase(v1::RankReport::STOPPING);
      process.ends = now + absl::Milliseconds(random_.Between(0, 2000));
    }
    // What was not reported as exited is reported once more before it is forgotten.
    bool told = false;
    for (const v1::RankReport& rank : request.ranks()) {
      told |= RankId(rank.job_id(), rank.attempt(), rank.rank()) == it->first &&
              rank.phase() == v1::RankReport::EXITED;
    }
    it = told && desired.count(it->first) == 0 ? processes_.erase(it) : std::next(it);
  }
  std::vector<v1::Task> started;
  for (const auto& [id, task] : desired) {
    if (processes_.count(id) > 0) continue;
    Start(*task, now);
    started.push_back(*task);
  }
  return started;
}

void SimulatedWorker::Start(const v1::Task& task, absl::Time now) {
  const RankId id = {task.job_id(), task.attempt(), task.rank()};
  SimulatedProcess& process = processes_[id];
  process.task = task;
  process.ends = now + absl::Milliseconds(random_.Between(100, 6000));
  process.report.set_job_id(task.job_id());
  process.report.set_attempt(task.attempt());
  process.report.set_rank(task.rank());
  process.report.set_phase(v1::RankReport::RUNNING);
  const bool is_watched = task.spec().time_limit_seconds() > 0 || task.spec().progress_timeout_seconds() > 0;
  if (faults_ && is_watched && random_.Chance(0.2)) {
    process.hangs = true;
    process.ends = absl::InfiniteFuture();
  }
  // The newest whose every blob verifies.
  for (const v1::Checkpoint& checkpoint : task.resume()) {
    if (ledger_.damaged.count(checkpoint.manifest_id()) > 0) continue;
    process.step = checkpoint.step();
    break;
  }
  if (!ledger_.started.insert(id).second) {
    ledger_.violations.push_back(absl::StrCat(task.job_id(), " attempt ", task.attempt(), " rank ",
                                              task.rank(), " was started twice"));
  }
}

void SimulatedWorker::Heard(const v1::SynchronizeRequest& request, absl::Time now, absl::Duration lease) {
  if (request.sequence() <= heard_sequence_) return;
  heard_sequence_ = request.sequence();
  for (auto& [id, process] : processes_) process.fenced |= LeaseEnded(process, now, lease);
  heard_ = now;
  for (const v1::RankReport& rank : request.ranks()) {
    auto process = processes_.find({rank.job_id(), rank.attempt(), rank.rank()});
    if (process != processes_.end()) process->second.unheard_since = absl::InfiniteFuture();
  }
}

void SimulatedWorker::CoordinatorStarted(absl::Time now) {
  for (auto& [id, process] : processes_) process.unheard_since = now;
}

void SimulatedWorker::Restart() {
  processes_.clear();
  ++session_;
  sequence_ = 0;
  heard_sequence_ = 0;
  leaving_ = false;
}

void SimulatedWorker::Leave(absl::Time now) {
  leaving_ = true;
  for (auto& [id, process] : processes_) {
    if (!process.alive()) continue;
    process.stopping = true;
    process.ends =
        std::min(process.ends, now + absl::Milliseconds(random_.Between(0, 2000)));  // killed at the latest
    process.report.set_phase(v1::RankReport::STOPPING);
  }
}

}  // namespace bonsai
