#include "tests/simulation/invariants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

bool HasEnded(v1::JobState state) {
  return state == v1::DONE || state == v1::FAILED || state == v1::CANCELLED;
}

}  // namespace

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

void Invariants::CheckRecords(const Records& kept) {
  for (const auto& [request_id, response] : submitted_) {
    auto pipeline = kept.pipelines.find(response.pipeline_id());
    if (pipeline == kept.pipelines.end() || pipeline->second.request_id() != request_id) {
      Violated(absl::StrCat(response.pipeline_id(), " was acknowledged and is not kept"));
    }
    for (const std::string& id : response.job_ids()) {
      if (kept.jobs.count(id) == 0) Violated(absl::StrCat(id, " was acknowledged and is not kept"));
    }
  }
  std::set<uint64_t> job_sequences;
  std::set<uint64_t> artifact_sequences;
  for (const auto& [id, artifact] : kept.artifacts) {
    if (!artifact_sequences.insert(artifact.sequence()).second)
      Violated(absl::StrCat(id, " shares its sequence"));
    auto job = kept.jobs.find(artifact.job_id());
    if (job == kept.jobs.end() || job->second.output_id() != id) {
      Violated(absl::StrCat(id, " is published, but no job has it as its output"));
    }
  }
  for (const auto& [id, job] : kept.jobs) {
    if (!job_sequences.insert(job.sequence()).second) Violated(absl::StrCat(id, " shares its sequence"));
    CheckAttempts(job);
    if (job.state() == v1::DONE) CheckOutput(job, kept);
    if (HasEnded(job.state())) CheckEnded(job);
    if (cancelled_.count(id) > 0 && job.state() != v1::CANCELLING && job.state() != v1::CANCELLED) {
      Violated(absl::StrCat(id, " was cancelled, but is ", v1::JobState_Name(job.state())));
    }
    for (const v1::Checkpoint& checkpoint : job.checkpoints()) {
      const Ledger::Made& made = ledger_.artifacts[checkpoint.manifest_id()];
      if (made.job_id != id || made.attempt != checkpoint.attempt()) {
        Violated(
            absl::StrCat(id, " has a checkpoint that its attempt did not write: ", checkpoint.manifest_id()));
      }
    }
  }
}

void Invariants::CheckAttempts(const v1::JobRecord& job) {
  const bool live = job.state() == v1::RUNNING || job.state() == v1::CANCELLING;
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
    if (attempt.placements_size() != static_cast<int>(std::max(job.spec().resources().ranks(), 1u))) {
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
    std::map<std::string, int> devices;
    for (const auto& [id, process] : worker->processes()) {
      if (!process.alive()) continue;
      cpus += std::max(process.task.spec().resources().cpus(), 1u);
      if (process.task.has_device() && ++devices[process.task.device().id()] > 1) {
        Violated(absl::StrCat(worker->id(), " has two processes on device ", process.task.device().id()));
      }
      if (!process.fenced && !worker->LeaseEnded(now, lease))
        attempts[std::get<0>(id)].insert(std::get<1>(id));
    }
    if (cpus > worker->offer().cpus()) {
      Violated(absl::StrCat(worker->id(), " runs ", cpus, " cpus' worth and has ", worker->offer().cpus()));
    }
  }
  for (const auto& [job_id, numbers] : attempts) {
    if (numbers.size() > 1) Violated(absl::StrCat(job_id, " has two attempts alive at once"));
  }
}

}  // namespace bonsai
