// TableScheduler: what people ask for beside submitting and cancelling. Pause and resume, retry, cordon and
// drain.
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/retry_set.h"
#include "coordinator/scheduler/table_scheduler.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {

const v1::PipelineRecord* TableScheduler::FindPipeline(const std::string& id, const Actor& actor) const {
  const v1::PipelineRecord* pipeline = pipelines_.Find(id);
  return pipeline != nullptr && MayTouch(actor, pipeline->tenant()) ? pipeline : nullptr;
}

const v1::JobRecord* TableScheduler::FindJob(const std::string& id, const Actor& actor) const {
  const v1::JobRecord* job = jobs_.Find(id);
  return job != nullptr && MayTouch(actor, job->tenant()) ? job : nullptr;
}

bool TableScheduler::Stop(const std::string& job_id, v1::AttemptRecord::Outcome cause, const std::string& why,
                          const std::string& actor, absl::Time now) {
  LiveAttempt* attempt = attempts_.Find(job_id);
  if (attempt == nullptr || attempt->ending()) return false;
  attempt->Stop(cause, why);
  const std::string name = absl::StrCat("attempt ", attempt->number());
  jobs_.Note(job_id, now, {absl::StrCat(name, " was asked to checkpoint and leave"), why, actor});
  if (jobs_.Find(job_id)->state() == v1::RUNNING) {
    jobs_.Edit(job_id).set_reason(absl::StrCat("is being stopped: ", attempt->reason()));
  }
  touched_.insert(job_id);
  return true;
}

absl::Status TableScheduler::Take(absl::Time now, const PauseRequested& event) {
  const v1::PipelineRecord* pipeline = FindPipeline(event.pipeline_id, event.actor);
  if (pipeline == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no pipeline \"", event.pipeline_id, "\""));
  }
  v1::PauseResponse response;
  const bool paused = !event.resume;
  if (pipeline->paused() != paused) {
    v1::PipelineRecord& record = pipelines_.Edit(event.pipeline_id);
    record.set_paused(paused);
    jobs_.SetPaused(record, paused, now);
    for (const std::string& id : record.job_ids()) {
      if (HasEnded(jobs_.Find(id)->state())) continue;
      jobs_.Note(id, now, {paused ? "paused" : "resumed", "", event.actor.name});
      if (paused) {
        Stop(id, v1::AttemptRecord::PREEMPTED, absl::StrCat("paused by ", event.actor.name), event.actor.name,
             now);
      }
      response.add_job_ids(id);
    }
  }
  reply_ = ReplyPaused{std::move(response)};
  return absl::OkStatus();
}

absl::Status TableScheduler::Take(absl::Time now, const RetryRequested& event) {
  absl::StatusOr<std::vector<std::string>> ids;
  if (const v1::PipelineRecord* pipeline = FindPipeline(event.id, event.actor)) {
    ids = JobsToRetry(jobs_, *pipeline);
  } else if (const v1::JobRecord* job = FindJob(event.id, event.actor)) {
    ids = JobsToRetryWith(jobs_, *pipelines_.Find(job->pipeline_id()), event.id);
  } else {
    return absl::NotFoundError(absl::StrCat("there is no job or pipeline \"", event.id, "\""));
  }
  if (!ids.ok()) return ids.status();
  v1::RetryResponse response;
  for (const std::string& id : *ids) {
    jobs_.Reopen(id, now, event.actor.name);
    response.add_job_ids(id);
  }
  reply_ = ReplyRetried{std::move(response)};
  return absl::OkStatus();
}

absl::Status TableScheduler::Take(absl::Time now, const WorkerSet& event) {
  if (!event.actor.admin) {
    return absl::PermissionDeniedError(
        absl::StrCat(event.actor.name, " may not cordon or drain workers: that takes the role ADMIN"));
  }
  absl::StatusOr<v1::WorkerRecord> record = cordons_.Set(event.request, event.actor.name, now);
  if (!record.ok()) return record.status();
  workers_.MarkChanged(record->id());
  if (record->drained()) LeaveDrained(*record, event.actor.name, now);
  v1::SetWorkerResponse response;
  *response.mutable_worker() = *std::move(record);
  reply_ = ReplyWorkerSet{std::move(response)};
  return absl::OkStatus();
}

void TableScheduler::LeaveDrained(const v1::WorkerRecord& record, const std::string& actor, absl::Time now) {
  const AttemptTable::Ranks ranks = attempts_.OnWorker(record.id());
  for (const AttemptTable::RankOnWorker& on : ranks) {
    Stop(on.job_id, v1::AttemptRecord::PREEMPTED,
         absl::StrCat("worker ", record.id(), " ", DescribeCordon(record)), actor, now);
  }
}

void TableScheduler::ResumeStops() {
  for (const auto& [id, pipeline] : pipelines_.all()) {
    if (!pipeline.paused()) continue;
    for (const std::string& job_id : pipeline.job_ids()) {
      if (LiveAttempt* attempt = attempts_.Find(job_id)) {
        attempt->Stop(v1::AttemptRecord::PREEMPTED, "its pipeline is paused");
      }
    }
  }
  for (const auto& [id, record] : cordons_.all()) {
    if (!record.drained()) continue;
    for (const AttemptTable::RankOnWorker& on : attempts_.OnWorker(id)) {
      on.attempt->Stop(v1::AttemptRecord::PREEMPTED,
                       absl::StrCat("worker ", id, " ", DescribeCordon(record)));
    }
  }
}

void TableScheduler::StopOverdue(absl::Time now) {
  for (const AttemptClocks::Due& due : clocks_.Expire(now)) {
    Stop(due.job_id, due.outcome, due.reason, "scheduler", now);
  }
}

}  // namespace bonsai
