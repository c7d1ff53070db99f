#include "coordinator/scheduler/report_intake.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/checkpoint_list.h"
#include "coordinator/scheduler/job_kinds.h"
#include "coordinator/scheduler/placement.h"

namespace bonsai {
namespace {

constexpr int kMetricsMax = 64;

// The newest value of each metric; of more than a job's record keeps, the first ones.
void TakeSample(const v1::Sample& sample, v1::Sample& newest) {
  newest.set_step(sample.step());
  for (const v1::Metric& metric : sample.metrics()) {
    auto* metrics = newest.mutable_metrics();
    auto known = std::find_if(metrics->begin(), metrics->end(),
                              [&](const v1::Metric& one) { return one.name() == metric.name(); });
    if (known != metrics->end()) {
      known->set_value(metric.value());
    } else if (metrics->size() < kMetricsMax) {
      *metrics->Add() = metric;
    }
  }
}

// Whether the report is of the attempt that is live, and the rank may still have a process.
bool MayRun(const AttemptTable::RankOnWorker& on, const v1::RankReport& report) {
  return on.attempt->number() == report.attempt() && on.slot->holds_resources();
}

}  // namespace

absl::StatusOr<bool> ReportIntake::Take(absl::Time now, const WorkerSynchronized& event,
                                        absl::btree_set<std::string>& touched) {
  if (absl::Status status = CheckSynchronizeRequest(event.request); !status.ok()) return status;
  WorkerTable::Heard heard = WorkerTable::Heard::kLate;
  if (absl::Status status = workers_.Hear(event.request, now, options_.lease, heard); !status.ok())
    return status;
  if (heard == WorkerTable::Heard::kRetired) return true;
  if (heard == WorkerTable::Heard::kLate) return false;
  Worker& worker = *workers_.Find(event.request.worker_id());
  if (!worker.strays.empty()) workers_.MarkChanged(worker.id);
  worker.strays.clear();
  const AttemptTable::Ranks& ranks = attempts_.OnWorker(worker.id);
  std::vector<RankId> present;  // sorted
  present.reserve(event.request.ranks_size());
  size_t next = 0;
  for (const v1::RankReport& report : event.request.ranks()) {
    const size_t index = AttemptTable::IndexOf(ranks, report.job_id(), report.rank(), next);
    if (index == ranks.size() || !MayRun(ranks[index], report)) {
      if (report.phase() != v1::RankReport::EXITED) AddStray(report, worker);
      continue;
    }
    next = index + 1;
    present.push_back({report.job_id(), report.rank()});
    TakeRank(now, report, event, *ranks[index].attempt, *ranks[index].slot);
    if (!ranks[index].slot->holds_resources()) touched.insert(report.job_id());
  }
  if (present.size() == ranks.size()) return false;  // None is absent.
  std::sort(present.begin(), present.end());
  TakeAbsent(worker, heard == WorkerTable::Heard::kNewSession, present, touched);
  return false;
}

void ReportIntake::TakeRank(absl::Time now, const v1::RankReport& report, const WorkerSynchronized& event,
                            LiveAttempt& attempt, RankSlot& slot) {
  const bool recovered = slot.state == RankSlot::kRecovered;
  slot.state = RankSlot::kReported;
  if (recovered) attempts_.NoteReported(report.job_id());
  if (report.rank() == 0) {
    clocks_.Report(report, now);
    if (report.has_progress() || attempt.has_progress()) attempt.SetProgress(report.progress(), now);
  }
  if (report.has_checkpoint()) TakeCheckpoint(now, report, event);
  if (report.rank() == 0 && report.has_sample()) TakeSample(report.sample(), slot.sample);
  if (report.phase() != v1::RankReport::EXITED) return;
  if (report.rank() == 0) {
    // Kept here: by the time the other ranks have exited, it may be published no more than named.
    const auto* output =
        FindArtifact(report.output_id(), OutputKind(jobs_.Find(report.job_id())->spec()), event);
    slot.output_id = report.output_id();
    if (output != nullptr) slot.output = *output;
  }
  attempt.Exit(slot, report.exit(), report.message());
}

void ReportIntake::TakeCheckpoint(absl::Time now, const v1::RankReport& report,
                                  const WorkerSynchronized& event) {
  const std::string& id = report.checkpoint().manifest_id();
  if (HasCheckpoint(*jobs_.Find(report.job_id()), id)) return;
  if (FindArtifact(id, "checkpoint", event) == nullptr) return;
  const v1::Checkpoint checkpoint = CheckpointOf(report.checkpoint(), report.attempt());
  if (!AddCheckpoint(checkpoint, options_.storage, jobs_.Edit(report.job_id()))) return;
  jobs_.Note(report.job_id(), now,
             {absl::StrCat("checkpoint at step ", checkpoint.step()),
              absl::StrCat("attempt ", checkpoint.attempt(), ", ", id),
              absl::StrCat("worker ", event.request.worker_id())});
}

const v1::ArtifactRecord* ReportIntake::FindArtifact(const std::string& id, absl::string_view kind,
                                                     const WorkerSynchronized& event) const {
  const v1::ArtifactRecord* found = nullptr;
  if (auto it = published_.find(id); it != published_.end()) found = &it->second;
  if (auto it = event.artifacts.find(id); found == nullptr && it != event.artifacts.end())
    found = &it->second;
  return found != nullptr && found->kind() == kind ? found : nullptr;
}

void ReportIntake::AddStray(const v1::RankReport& report, Worker& worker) {
  workers_.MarkChanged(worker.id);
  Stray& stray = worker.strays.emplace_back();
  stray.job_id = report.job_id();
  stray.attempt = report.attempt();
  stray.rank = report.rank();
  const v1::JobRecord* job = jobs_.Find(report.job_id());
  stray.need = NeedOf(job == nullptr ? v1::JobSpec() : job->spec());
  if (job == nullptr) return;
  for (const v1::AttemptRecord& attempt : job->attempts()) {
    if (attempt.number() != report.attempt()) continue;
    for (const v1::Placement& placement : attempt.placements()) {
      if (placement.rank() == report.rank()) stray.device_id = placement.device_id();
    }
  }
}

void ReportIntake::TakeAbsent(const Worker& worker, bool new_session, const std::vector<RankId>& present,
                              absl::btree_set<std::string>& touched) {
  for (const AttemptTable::RankOnWorker& on : attempts_.OnWorker(worker.id)) {
    if (std::binary_search(present.begin(), present.end(), RankId(on.job_id, on.rank))) continue;
    LiveAttempt& attempt = *on.attempt;
    RankSlot& slot = *on.slot;
    // A recovered rank has until its deadline: a request that was under way says nothing of it.
    if (!slot.holds_resources() || slot.state == RankSlot::kRecovered) continue;
    if (attempt.ending()) {
      attempt.Forget(slot);
    } else if (new_session) {
      attempt.Lose(slot, "its worker was started again");
    } else if (slot.state == RankSlot::kReported) {
      attempt.Lose(slot, "its worker no longer knows of it");
    } else {
      continue;  // The worker was not told yet, or the answer was lost.
    }
    touched.insert(on.job_id);
  }
}

void ReportIntake::Expire(absl::Time now, absl::btree_set<std::string>& touched) {
  for (const std::string& job_id : attempts_.LoseUnreported(now)) touched.insert(job_id);
  for (const std::string& worker_id : workers_.Expire(now)) {
    for (const AttemptTable::RankOnWorker& on : attempts_.OnWorker(worker_id)) {
      if (!on.slot->holds_resources() || on.slot->state == RankSlot::kRecovered) continue;
      on.attempt->Lose(*on.slot, "nothing was heard of its worker for a whole lease");
      touched.insert(on.job_id);
    }
  }
}

}  // namespace bonsai
