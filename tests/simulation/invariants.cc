#include "tests/simulation/invariants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/job_state.h"

namespace bonsai {
void Invariants::Acknowledged(const std::string& request_id, const v1::SubmitPipelineResponse& response) {
  auto [it, first] = submitted_.emplace(request_id, response);
  if (!first && it->second.SerializeAsString() != response.SerializeAsString()) {
    Violated(absl::StrCat(request_id, " was answered in two ways"));
  }
  auto [request, fresh] = requests_.emplace(response.pipeline_id(), request_id);
  if (!fresh && request->second != request_id) {
    Violated(absl::StrCat(response.pipeline_id(), " was given to two requests"));
  }
}

void Invariants::Acknowledged(const v1::CancelResponse& response) {
  cancelled_.insert(response.job_ids().begin(), response.job_ids().end());
}

void Invariants::CheckAnswer(const Event& event, const Action& answer, const Records& kept) {
  if (std::holds_alternative<ReplyPaused>(answer)) {
    const auto& pause = std::get<PauseRequested>(event);
    if (kept.pipelines.at(pause.pipeline_id).paused() == pause.resume)
      Violated(absl::StrCat(pause.pipeline_id, " was not kept as paused or resumed"));
  } else if (const auto* retried = std::get_if<ReplyRetried>(&answer)) {
    for (const std::string& id : retried->response.job_ids()) {
      if (HasEnded(kept.jobs.at(id).state())) Violated(absl::StrCat(id, " was not kept as retried"));
    }
  } else if (const auto* set = std::get_if<ReplyWorkerSet>(&answer)) {
    const v1::WorkerRecord& told = set->response.worker();
    const auto found = kept.workers.find(told.id());
    const v1::WorkerRecord record = found == kept.workers.end() ? v1::WorkerRecord() : found->second;
    if (record.cordoned() != told.cordoned() || record.drained() != told.drained())
      Violated(absl::StrCat("the cordon of ", told.id(), " was not kept"));
  } else if (std::holds_alternative<ReplyScheduled>(answer)) {
    const std::string& name = std::get<SchedulePut>(event).schedule.name();
    if (kept.schedules.count(name) == 0) Violated(absl::StrCat(name, " was put and is not kept"));
  } else if (std::holds_alternative<ReplyScheduleDeleted>(answer)) {
    const std::string& name = std::get<ScheduleDeleted>(event).name;
    if (kept.schedules.count(name) > 0) Violated(absl::StrCat(name, " was deleted and is kept"));
  }
}

void Invariants::MayRunAgain(const std::string& id) {
  const auto concerns = [&](const std::string& job_id) {
    // A job that failed takes those with it that need it: all of its pipeline may change.
    const std::string pipeline = id.substr(0, id.find('/'));
    return job_id.compare(0, pipeline.size() + 1, pipeline + "/") == 0;
  };
  for (auto it = cancelled_.begin(); it != cancelled_.end();)
    it = concerns(*it) ? cancelled_.erase(it) : std::next(it);
  for (auto it = ended_.begin(); it != ended_.end();) {
    const bool done = it->second.rfind(v1::JobState_Name(v1::DONE), 0) == 0;
    it = !done && concerns(it->first) ? ended_.erase(it) : std::next(it);
  }
}

void Invariants::CheckAcknowledged(const Records& kept) {
  for (const auto& [request_id, response] : submitted_) {
    auto pipeline = kept.pipelines.find(response.pipeline_id());
    if (pipeline == kept.pipelines.end() || pipeline->second.request_id() != request_id) {
      Violated(absl::StrCat(response.pipeline_id(), " was acknowledged and is not kept"));
    }
    for (const std::string& id : response.job_ids()) {
      if (kept.jobs.count(id) == 0) Violated(absl::StrCat(id, " was acknowledged and is not kept"));
    }
  }
}

void Invariants::CheckBatch(const RecordBatch& batch, const Records& kept) {
  CheckHistory(batch);
  CheckArtifacts(batch, kept);
  for (const v1::PipelineRecord& pipeline : batch.pipelines) {
    auto [known, fresh] = requests_.emplace(pipeline.id(), pipeline.request_id());
    if (!fresh && known->second != pipeline.request_id()) {
      Violated(absl::StrCat(pipeline.id(), " was given to two requests"));
    }
  }
  for (const v1::JobRecord& job : batch.jobs) {
    auto [known, fresh] = job_sequences_.emplace(job.sequence(), job.id());
    if (!fresh && known->second != job.id()) Violated(absl::StrCat(job.id(), " shares its sequence"));
    if (sequences_.emplace(job.id(), job.sequence()).first->second != job.sequence())
      Violated(absl::StrCat(job.id(), " is the id of two jobs"));
    CheckAttempts(job);
    CheckCheckpoints(job);
    if (job.state() == v1::DONE) CheckOutput(job, kept);
    if (HasEnded(job.state())) CheckEnded(job);
    if (cancelled_.count(job.id()) > 0 && job.state() != v1::CANCELLING && job.state() != v1::CANCELLED) {
      Violated(absl::StrCat(job.id(), " was cancelled, but is ", v1::JobState_Name(job.state())));
    }
  }
}

void Invariants::CheckHistory(const RecordBatch& batch) {
  for (const v1::HistoryEntry& entry : batch.history) {
    if (entry.number() != ++history_[entry.job_id()]) {
      Violated(absl::StrCat(entry.job_id(), "'s history goes on with ", entry.number(), ", not ",
                            history_[entry.job_id()], ": ", entry.what()));
    }
    if (entry.what().empty() || entry.actor().empty()) {
      Violated(
          absl::StrCat(entry.job_id(), "'s history does not say who did what in entry ", entry.number()));
    }
  }
  for (const v1::JobRecord& job : batch.jobs) {
    if (job.history_size() > history_[job.id()]) {
      Violated(absl::StrCat(job.id(), " counts ", job.history_size(), " entries of history; ",
                            history_[job.id()], " are kept"));
    }
  }
}

void Invariants::CheckArtifacts(const RecordBatch& batch, const Records& kept) {
  for (const v1::ArtifactRecord& artifact : batch.artifacts) {
    auto [known, fresh] = artifact_sequences_.emplace(artifact.sequence(), artifact.id());
    if (!fresh && known->second != artifact.id())
      Violated(absl::StrCat(artifact.id(), " shares its sequence"));
    auto job = kept.jobs.find(artifact.job_id());
    if (job == kept.jobs.end() || job->second.output_id() != artifact.id()) {
      Violated(absl::StrCat(artifact.id(), " is published, but no job has it as its output"));
    }
  }
}

void Invariants::CheckCheckpoints(const v1::JobRecord& job) {
  std::set<std::string>& known = checkpoints_[job.id()];
  Age& newest = newest_[job.id()];
  Age last = {~0u, 0};
  for (const v1::Checkpoint& checkpoint : job.checkpoints()) {
    const auto made = ledger_.artifacts.find(checkpoint.manifest_id());
    if (made == ledger_.artifacts.end() || made->second.job_id != job.id() ||
        made->second.attempt != checkpoint.attempt()) {
      Violated(absl::StrCat(job.id(),
                            " has a checkpoint that its attempt did not write: ", checkpoint.manifest_id()));
    }
    const Age age = {checkpoint.attempt(), checkpoint.step()};
    if (age >= last) Violated(absl::StrCat(job.id(), " does not have its checkpoints newest first"));
    last = age;
    newest = std::max(newest, age);
    if (!known.insert(checkpoint.manifest_id()).second) continue;
    // What an older attempt says late is not believed. (The last word of one may be kept with the start of
    // the next.)
    if (checkpoint.attempt() < last_attempt_[job.id()]) {
      Violated(absl::StrCat(job.id(), " took a checkpoint of attempt ", checkpoint.attempt(),
                            " during attempt ", last_attempt_[job.id()]));
    }
  }
  const Age first =
      job.checkpoints().empty() ? Age() : Age(job.checkpoints(0).attempt(), job.checkpoints(0).step());
  if (first != newest && job.state() != v1::DONE)
    Violated(absl::StrCat(job.id(), " has lost its newest checkpoint"));
  if (job.attempts_size() > 0) last_attempt_[job.id()] = job.attempts(job.attempts_size() - 1).number();
}

void Invariants::CheckStart(const v1::Task& task, const std::string& worker_id, const Records& kept) {
  const auto found = kept.jobs.find(task.job_id());
  if (found == kept.jobs.end()) return Violated(absl::StrCat(task.job_id(), " runs and is not kept"));
  const v1::JobRecord& job = found->second;
  const std::string name = absl::StrCat(job.id(), " attempt ", task.attempt(), " rank ", task.rank());
  if (job.state() != v1::RUNNING || job.attempts().rbegin()->number() != task.attempt()) {
    return Violated(absl::StrCat(name, " starts, which is not its job's live attempt"));
  }
  const v1::AttemptRecord& attempt = *job.attempts().rbegin();
  const bool here = std::any_of(
      attempt.placements().begin(), attempt.placements().end(), [&](const v1::Placement& placement) {
        return placement.rank() == task.rank() && placement.worker_id() == worker_id &&
               placement.device_id() == task.device().id();
      });
  if (!here || static_cast<int>(task.ranks()) != attempt.placements_size()) {
    Violated(absl::StrCat(name, " of ", task.ranks(), " starts on ", worker_id, ", unlike its record"));
  }
  CheckResume(task, job);
}

void Invariants::CheckResume(const v1::Task& task, const v1::JobRecord& job) {
  std::string wanted, told;
  for (const v1::Checkpoint& checkpoint : job.checkpoints()) {
    // Its own, which another rank may have written already, came after it was told.
    if (checkpoint.attempt() < task.attempt()) absl::StrAppend(&wanted, checkpoint.manifest_id(), "; ");
  }
  for (const v1::Checkpoint& checkpoint : task.resume())
    absl::StrAppend(&told, checkpoint.manifest_id(), "; ");
  if (wanted != told) {
    Violated(absl::StrCat(task.job_id(), " attempt ", task.attempt(), " is to resume at \"", told,
                          "\"; on record, newest first, are \"", wanted, "\""));
  }
}

void Invariants::CheckAttempts(const v1::JobRecord& job) {
  const bool live = job.state() == v1::RUNNING || job.state() == v1::CANCELLING;
  const v1::Resources& resources = job.spec().resources();
  const int ranks = static_cast<int>(std::max(resources.ranks(), 1u));
  const int least = resources.min_ranks() == 0 ? ranks : static_cast<int>(resources.min_ranks());
  const int most = std::max(ranks, static_cast<int>(resources.max_ranks()));
  if (live && job.attempts().empty()) Violated(absl::StrCat(job.id(), " runs without an attempt"));
  for (int i = 0; i < job.attempts_size(); ++i) {
    const v1::AttemptRecord& attempt = job.attempts(i);
    const std::string name = absl::StrCat(job.id(), " attempt ", attempt.number());
    if (attempt.number() != static_cast<uint32_t>(i) + 1) Violated(absl::StrCat(name, " is out of order"));
    const bool may_live = live && i + 1 == job.attempts_size();
    if ((attempt.outcome() == v1::AttemptRecord::OUTCOME_UNSPECIFIED) != may_live) {
      Violated(absl::StrCat(name, " of a ", v1::JobState_Name(job.state()), " job is ",
                            v1::AttemptRecord::Outcome_Name(attempt.outcome())));
    }
    for (int rank = 0; rank < attempt.placements_size(); ++rank) {
      if (attempt.placements(rank).rank() != static_cast<uint32_t>(rank))
        Violated(absl::StrCat(name, " lacks rank ", rank));
    }
    if (attempt.placements_size() < least || attempt.placements_size() > most) {
      Violated(absl::StrCat(name, " has ", attempt.placements_size(),
                            " ranks: a gang starts whole or not at all"));
    }
  }
}

void Invariants::CheckOutput(const v1::JobRecord& job, const Records& kept) {
  const v1::AttemptRecord& last = job.attempts(job.attempts_size() - 1);
  if (last.outcome() != v1::AttemptRecord::SUCCEEDED)
    Violated(absl::StrCat(job.id(), " is done without success"));
  if (kept.artifacts.count(job.output_id()) == 0) Violated(absl::StrCat(job.id(), "'s output is not kept"));
  auto made = ledger_.artifacts.find(job.output_id());
  if (made == ledger_.artifacts.end() || made->second.job_id != job.id() ||
      made->second.attempt != last.number()) {
    Violated(absl::StrCat(job.id(), "'s output was not written by its last attempt: ", job.output_id()));
  }
  for (const v1::Placement& placement : last.placements()) {
    if (ledger_.exited_done.count({job.id(), last.number(), placement.rank()}) == 0) {
      Violated(absl::StrCat(job.id(), " is done, but its rank ", placement.rank(), " is not"));
    }
  }
}

void Invariants::CheckEnded(const v1::JobRecord& job) {
  const std::string end = absl::StrCat(v1::JobState_Name(job.state()), " ", job.output_id());
  auto [it, first] = ended_.emplace(job.id(), end);
  if (!first && it->second != end) Violated(absl::StrCat(job.id(), " was ", it->second, " and is ", end));
}

void Invariants::CheckWorkers(const std::vector<std::unique_ptr<SimulatedWorker>>& workers, absl::Time now,
                              absl::Duration lease) {
  std::map<std::string, std::set<uint32_t>> attempts;  // alive, where the worker's lease has never ended
  for (const auto& worker : workers) {
    uint32_t cpus = 0;
    uint64_t memory_bytes = 0;
    uint32_t gpus = 0;
    std::map<std::string, int> devices;
    for (const auto& [id, process] : worker->processes()) {
      if (!process.alive()) continue;
      const v1::Resources& resources = process.task.spec().resources();
      cpus += std::max(resources.cpus(), 1u);
      memory_bytes += resources.memory_bytes();
      gpus += resources.gpus();
      if (process.task.has_device() && ++devices[process.task.device().id()] > 1) {
        Violated(absl::StrCat(worker->id(), " has two processes on device ", process.task.device().id()));
      }
      if (!process.fenced && !worker->LeaseEnded(process, now, lease))
        attempts[std::get<0>(id)].insert(std::get<1>(id));
    }
    const v1::WorkerOffer& offer = worker->offer();
    if (cpus > offer.cpus() || memory_bytes > offer.memory_bytes() || gpus > offer.gpus()) {
      Violated(absl::StrCat(worker->id(), " runs more than it has: ", cpus, " of ", offer.cpus(), " cpus, ",
                            memory_bytes, " of ", offer.memory_bytes(), " bytes, ", gpus, " of ",
                            offer.gpus(), " gpus"));
    }
  }
  for (const auto& [job_id, numbers] : attempts) {
    if (numbers.size() > 1) Violated(absl::StrCat(job_id, " has two attempts alive at once"));
  }
}

}  // namespace bonsai
