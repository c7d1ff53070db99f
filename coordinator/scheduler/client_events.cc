// What clients ask for: submission, cancellation, import.
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/holdout_quota.h"
#include "coordinator/scheduler/sweep_rungs.h"
#include "coordinator/scheduler/table_scheduler.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {

absl::Status TableScheduler::Take(absl::Time now, const PipelineSubmitted& event) {
  if (const v1::PipelineRecord* known = pipelines_.FindRequest(event.actor.tenant, event.request_id)) {
    reply_ = ReplySubmitted{AnswerSubmission(*known, jobs_)};
    return absl::OkStatus();
  }
  if (event.pipeline.jobs_size() > static_cast<int>(options_.jobs_per_pipeline_max)) {
    return absl::InvalidArgumentError(absl::StrCat("the pipeline has ", event.pipeline.jobs_size(),
                                                   " jobs; at most ", options_.jobs_per_pipeline_max));
  }
  if (absl::Status status = CheckShares(event); !status.ok()) return status;
  const auto is_holdout = [this](absl::string_view id) {
    const auto found = artifacts_.find(std::string(id));
    return found != artifacts_.end() && found->second.kind() == "holdout";
  };
  absl::Status quota = CheckHoldoutQueries(event, jobs_, is_holdout, options_.holdout_queries_per_day, now);
  if (!quota.ok()) return quota;
  v1::PipelineRecord pipeline;
  pipeline.set_id(absl::StrCat("p", counters_.next_pipeline));
  pipeline.set_name(event.pipeline.name());
  pipeline.set_request_id(event.request_id);
  pipeline.set_tenant(std::string(TenantOf(event.actor.tenant)));
  pipeline.set_submitter(event.actor.name);
  pipeline.set_queue(event.pipeline.queue().empty() ? "default" : event.pipeline.queue());
  *pipeline.mutable_sweeps() = event.pipeline.sweeps();
  pipeline.set_submitted_unix_ms(absl::ToUnixMillis(now));
  std::vector<v1::JobRecord> jobs;
  if (absl::Status status = MakeJobRecords(pipeline.id(), event.pipeline, event.inputs, jobs); !status.ok()) {
    return status;
  }
  ++counters_.next_pipeline;
  for (v1::JobRecord& job : jobs) {
    job.set_sequence(counters_.next_job_sequence++);
    job.set_submitted_unix_ms(absl::ToUnixMillis(now));
    job.set_tenant(pipeline.tenant());
    job.set_queue(pipeline.queue());
    pipeline.add_job_ids(job.id());
    jobs_.Add(std::move(job), now, event.actor.name);
  }
  pipelines_.Add(pipeline);
  reply_ = ReplySubmitted{AnswerSubmission(pipeline, jobs_)};
  return absl::OkStatus();
}

absl::Status TableScheduler::Take(absl::Time now, const CancelRequested& event) {
  std::vector<std::string> ids;
  if (const v1::PipelineRecord* pipeline = FindPipeline(event.id, event.actor)) {
    ids.assign(pipeline->job_ids().begin(), pipeline->job_ids().end());
  } else if (const v1::JobRecord* job = FindJob(event.id, event.actor)) {
    // Those that need the output of a job that is done have it.
    if (!HasEnded(job->state())) ids = jobs_.Dependents(event.id);
    ids.insert(ids.begin(), event.id);
    const std::vector<std::string> variants = VariantsOf(*job, pipelines_, jobs_);
    ids.insert(ids.end(), variants.begin(), variants.end());
  } else {
    return absl::NotFoundError(absl::StrCat("there is no job or pipeline \"", event.id, "\""));
  }
  v1::CancelResponse response;
  for (const std::string& id : ids) {
    if (!HasEnded(jobs_.Find(id)->state())) response.add_job_ids(id);
  }
  for (const std::string& id : response.job_ids()) CancelOne(id, event.actor.name, now);
  reply_ = ReplyCancelled{std::move(response)};
  return absl::OkStatus();
}

void TableScheduler::CancelOne(const std::string& job_id, const std::string& actor, absl::Time now) {
  const v1::JobState state = jobs_.Find(job_id)->state();
  if (HasEnded(state) || state == v1::CANCELLING) return;
  LiveAttempt* attempt = attempts_.Find(job_id);
  if (attempt == nullptr) {
    jobs_.Cancel(job_id, "cancelled on request", now, actor);
    return;
  }
  attempt->Stop(v1::AttemptRecord::CANCELLED, "cancelled");
  touched_.insert(job_id);
  jobs_.SetState(job_id, v1::CANCELLING, "cancelled on request; its ranks are being stopped", now,
                 {"asked to cancel", "", actor});
}

absl::Status TableScheduler::Take(absl::Time now, const ArtifactImported& event) {
  if (artifacts_.count(event.record.id()) == 0) {
    v1::ArtifactRecord record = event.record;
    record.set_tenant(event.actor.tenant);
    AddArtifact(std::move(record), now);
  }
  reply_ = ReplyArtifactImported{artifacts_.at(event.record.id())};
  return absl::OkStatus();
}

}  // namespace bonsai
