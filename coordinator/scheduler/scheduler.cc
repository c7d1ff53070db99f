#include "coordinator/scheduler/scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/attempt_table.h"
#include "coordinator/scheduler/cluster_view.h"
#include "coordinator/scheduler/desired_state.h"
#include "coordinator/scheduler/job_kinds.h"
#include "coordinator/scheduler/job_table.h"
#include "coordinator/scheduler/pipeline_table.h"
#include "coordinator/scheduler/ready_queue.h"
#include "coordinator/scheduler/report_intake.h"
#include "coordinator/scheduler/verdict.h"
#include "coordinator/scheduler/worker_table.h"

namespace bonsai {
namespace {

using Outcome = v1::AttemptRecord::Outcome;

// How soon a worker is to call again while something is about to change for it.
constexpr absl::Duration kSoon = absl::Milliseconds(150);

class TableScheduler : public Scheduler {
 public:
  TableScheduler(const SchedulerOptions& options, const Records& records, absl::Time now);

  std::vector<Action> Apply(absl::Time now, const Event& event) override;
  std::optional<absl::Time> NextDeadline() const override;
  std::vector<v1::WorkerStatus> ListWorkers(absl::Time) const override { return View().ListWorkers(); }
  std::string ExplainPending(absl::string_view job_id) const override {
    return View().ExplainPending(job_id);
  }
  absl::StatusOr<v1::ExplainJobResponse> Explain(absl::Time, absl::string_view) const override {
    return absl::UnimplementedError("Explain");
  }
  std::vector<v1::JobForecast> Forecast(absl::Time, const PipelineSubmitted&) const override { return {}; }
  std::vector<v1::TenantUsage> ListUsage(absl::Time) const override { return {}; }
  std::vector<v1::ScheduleRecord> ListSchedules() const override { return {}; }

 private:
  // The events. A status that is not OK becomes a Reject.
  absl::Status Take(absl::Time now, const PipelineSubmitted& event);
  absl::Status Take(absl::Time now, const CancelRequested& event);
  absl::Status Take(absl::Time now, const WorkerSynchronized& event);
  absl::Status Take(absl::Time now, const ArtifactImported& event);
  absl::Status Take(absl::Time, const DeadlineReached&) { return absl::OkStatus(); }
  template <typename Other>
  absl::Status Take(absl::Time, const Other&) {
    return absl::UnimplementedError("event");
  }

  void CancelOne(const std::string& job_id, absl::Time now);
  // Ends the attempts that are over, of the jobs touched.
  void Settle(absl::Time now);
  void Conclude(const std::string& job_id, absl::Time now);
  void Publish(const std::string& job_id, const RankSlot& slot, absl::Time now);
  void AddArtifact(v1::ArtifactRecord record, absl::Time now);
  void StartReadyJobs(absl::Time now);
  // What the worker is to run, answered after all else was decided.
  v1::SynchronizeResponse AnswerWorker(const v1::SynchronizeRequest& request) const;
  std::vector<Action> TakeRecords();
  ClusterView View() const { return ClusterView(jobs_, attempts_, workers_); }
  ReportIntake Intake() { return ReportIntake(options_, artifacts_, jobs_, attempts_, workers_); }

  const SchedulerOptions options_;
  Counters counters_;
  Counters kept_counters_;  // as last given out in an action
  PipelineTable pipelines_;
  JobTable jobs_;
  ReportIntake::Artifacts artifacts_;
  std::vector<v1::ArtifactRecord> new_artifacts_;
  AttemptTable attempts_;
  WorkerTable workers_;
  absl::btree_set<std::string> touched_;  // jobs whose attempts may be over
  std::optional<Action> reply_;           // to the event in hand
  bool run_nothing_ = false;              // it came from a session that another has replaced
};

TableScheduler::TableScheduler(const SchedulerOptions& options, const Records& records, absl::Time now)
    : options_(options),
      counters_(records.counters),
      kept_counters_(records.counters),
      pipelines_(records.pipelines),
      jobs_(records.jobs, now),
      artifacts_(records.artifacts.begin(), records.artifacts.end()) {
  for (const auto& [id, job] : records.jobs) {
    if (job.state() != v1::RUNNING && job.state() != v1::CANCELLING) continue;
    if (job.attempts_size() == 0) continue;
    attempts_.AddRecovered(id, job.attempts(job.attempts_size() - 1), now + options.lease);
    if (job.state() == v1::CANCELLING) attempts_.Find(id)->Cancel();
    touched_.insert(id);
  }
}

std::vector<Action> TableScheduler::Apply(absl::Time now, const Event& event) {
  reply_.reset();
  run_nothing_ = false;
  Intake().Expire(now, touched_);
  const absl::Status status = std::visit([&](const auto& e) { return Take(now, e); }, event);
  Settle(now);
  StartReadyJobs(now);
  if (!status.ok()) {
    reply_ = Reject{status};
  } else if (const auto* synchronized = std::get_if<WorkerSynchronized>(&event)) {
    reply_ = ReplySynchronized{AnswerWorker(synchronized->request)};
  }
  std::vector<Action> actions = TakeRecords();
  if (reply_) actions.push_back(*std::move(reply_));
  return actions;
}

std::vector<Action> TableScheduler::TakeRecords() {
  std::vector<Action> actions;
  if (!(counters_ == kept_counters_)) actions.push_back(PutCounters{counters_});
  kept_counters_ = counters_;
  for (v1::PipelineRecord& record : pipelines_.TakeChanged())
    actions.push_back(PutPipeline{std::move(record)});
  for (v1::JobRecord& record : jobs_.TakeChanged()) actions.push_back(PutJob{std::move(record)});
  for (v1::ArtifactRecord& record : std::exchange(new_artifacts_, {})) {
    actions.push_back(PutArtifact{std::move(record)});
  }
  return actions;
}

// --- Submission and cancellation
// ----------------------------------------------------------------------------------

absl::Status TableScheduler::Take(absl::Time now, const PipelineSubmitted& event) {
  if (const v1::PipelineRecord* known = pipelines_.FindRequest(event.request_id)) {
    reply_ = ReplySubmitted{AnswerSubmission(*known, jobs_)};
    return absl::OkStatus();
  }
  if (event.pipeline.jobs_size() > static_cast<int>(options_.jobs_per_pipeline_max)) {
    return absl::InvalidArgumentError(absl::StrCat("the pipeline has ", event.pipeline.jobs_size(),
                                                   " jobs; at most ", options_.jobs_per_pipeline_max));
  }
  v1::PipelineRecord pipeline;
  pipeline.set_id(absl::StrCat("p", counters_.next_pipeline));
  pipeline.set_name(event.pipeline.name());
  pipeline.set_request_id(event.request_id);
  pipeline.set_submitted_unix_ms(absl::ToUnixMillis(now));
  std::vector<v1::JobRecord> jobs;
  if (absl::Status status = MakeJobRecords(pipeline.id(), event.pipeline, event.inputs, jobs); !status.ok()) {
    return status;
  }
  ++counters_.next_pipeline;
  for (v1::JobRecord& job : jobs) {
    job.set_sequence(counters_.next_job_sequence++);
    job.set_submitted_unix_ms(absl::ToUnixMillis(now));
    pipeline.add_job_ids(job.id());
    jobs_.Add(std::move(job), now);
  }
  pipelines_.Add(pipeline);
  reply_ = ReplySubmitted{AnswerSubmission(pipeline, jobs_)};
  return absl::OkStatus();
}

absl::Status TableScheduler::Take(absl::Time now, const CancelRequested& event) {
  std::vector<std::string> ids;
  if (const v1::PipelineRecord* pipeline = pipelines_.Find(event.id)) {
    ids.assign(pipeline->job_ids().begin(), pipeline->job_ids().end());
  } else if (const v1::JobRecord* job = jobs_.Find(event.id)) {
    // Those that need the output of a job that is done have it.
    if (!HasEnded(job->state())) ids = jobs_.Dependents(event.id);
    ids.insert(ids.begin(), event.id);
  } else {
    return absl::NotFoundError(absl::StrCat("there is no job or pipeline \"", event.id, "\""));
  }
  v1::CancelResponse response;
  for (const std::string& id : ids) {
    if (!HasEnded(jobs_.Find(id)->state())) response.add_job_ids(id);
  }
  for (const std::string& id : response.job_ids()) CancelOne(id, now);
  reply_ = ReplyCancelled{std::move(response)};
  return absl::OkStatus();
}

void TableScheduler::CancelOne(const std::string& job_id, absl::Time now) {
  const v1::JobState state = jobs_.Find(job_id)->state();
  if (HasEnded(state) || state == v1::CANCELLING) return;
  LiveAttempt* attempt = attempts_.Find(job_id);
  if (attempt == nullptr) {
    jobs_.Cancel(job_id, "cancelled on request", now);
    return;
  }
  attempt->Cancel();
  touched_.insert(job_id);
  jobs_.SetState(job_id, v1::CANCELLING, "cancelled on request; its ranks are being stopped", now);
}

// --- Workers
// ------------------------------------------------------------------------------------------------------

absl::Status TableScheduler::Take(absl::Time now, const WorkerSynchronized& event) {
  absl::StatusOr<bool> replaced = Intake().Take(now, event, touched_);
  if (!replaced.ok()) return replaced.status();
  run_nothing_ = *replaced;
  return absl::OkStatus();
}

v1::SynchronizeResponse TableScheduler::AnswerWorker(const v1::SynchronizeRequest& request) const {
  v1::SynchronizeResponse response;
  response.set_lease_ms(absl::ToInt64Milliseconds(options_.lease));
  response.set_next_synchronize_ms(absl::ToInt64Milliseconds(options_.synchronize_interval));
  if (run_nothing_) return response;
  const v1::WorkerOffer& offer = workers_.all().at(request.worker_id()).offer;
  std::vector<v1::Task> tasks = DesiredTasks(request, offer, jobs_, attempts_, options_.code_version);
  if (!jobs_.ready().empty() || !RunsJust(tasks, request)) {
    response.set_next_synchronize_ms(
        absl::ToInt64Milliseconds(std::min(kSoon, options_.synchronize_interval)));
  }
  for (v1::Task& task : tasks) *response.add_desired() = std::move(task);
  return response;
}

std::optional<absl::Time> TableScheduler::NextDeadline() const {
  const absl::Time next = std::min(workers_.NextExpiry(), attempts_.NextRecoveryDeadline());
  if (next == absl::InfiniteFuture()) return std::nullopt;
  return next;
}

// --- Attempts
// -----------------------------------------------------------------------------------------------------

void TableScheduler::StartReadyJobs(absl::Time now) {
  if (jobs_.ready().empty()) return;
  for (const Start& start : PickStarts(jobs_, View().FindRooms(), now, options_.keep_room_after)) {
    v1::JobRecord& job = jobs_.Edit(start.job_id);
    const uint32_t number = job.attempts_size() == 0 ? 1 : job.attempts(job.attempts_size() - 1).number() + 1;
    v1::AttemptRecord& attempt = *job.add_attempts();
    attempt.set_number(number);
    attempt.set_started_unix_ms(absl::ToUnixMillis(now));
    for (const v1::Placement& placement : start.placements) *attempt.add_placements() = placement;
    attempts_.Add(start.job_id, attempt);
    jobs_.SetState(start.job_id, v1::RUNNING, "", now);
  }
}

void TableScheduler::Settle(absl::Time now) {
  for (const std::string& job_id : std::exchange(touched_, {})) {
    const LiveAttempt* attempt = attempts_.Find(job_id);
    if (attempt == nullptr) continue;
    if (attempt->over()) {
      Conclude(job_id, now);
    } else if (attempt->ending() && jobs_.Find(job_id)->state() == v1::RUNNING) {
      const std::string reason = absl::StrCat("its other ranks are being stopped: ", attempt->reason());
      if (jobs_.Find(job_id)->reason() != reason) jobs_.Edit(job_id).set_reason(reason);
    }
  }
}

void TableScheduler::Conclude(const std::string& job_id, absl::Time now) {
  LiveAttempt& attempt = *attempts_.Find(job_id);
  Outcome outcome = attempt.outcome();
  std::string reason = attempt.reason();
  const RankSlot* first = attempt.Find(0);
  const RankSlot none;
  const RankSlot slot = first == nullptr ? none : *first;
  if (outcome == v1::AttemptRecord::SUCCEEDED && !slot.output) {
    outcome = v1::AttemptRecord::FAILED;
    const absl::string_view kind = OutputKind(JobKind(jobs_.Find(job_id)->spec()));
    reason = slot.output_id.empty()
                 ? absl::StrCat("no output: rank 0 exited without a ", kind)
                 : absl::StrCat("no output: ", slot.output_id, " is not a whole artifact of kind ", kind);
  }
  attempts_.Remove(job_id);
  v1::JobRecord& job = jobs_.Edit(job_id);
  v1::AttemptRecord& ended = *job.mutable_attempts(job.attempts_size() - 1);
  ended.set_outcome(outcome);
  ended.set_reason(reason);
  ended.set_ended_unix_ms(absl::ToUnixMillis(now));
  if (outcome == v1::AttemptRecord::SUCCEEDED) {
    Publish(job_id, slot, now);
    jobs_.Finish(job_id, slot.output_id, now);
    return;
  }
  const Verdict verdict = Judge(job, options_);
  if (verdict.state == v1::FAILED) return jobs_.Fail(job_id, verdict.reason, now);
  if (verdict.state == v1::CANCELLED) return jobs_.Cancel(job_id, verdict.reason, now);
  jobs_.SetState(job_id, verdict.state, verdict.reason, now);
}

void TableScheduler::Publish(const std::string& job_id, const RankSlot& slot, absl::Time now) {
  if (artifacts_.count(slot.output_id) > 0) return;
  v1::ArtifactRecord record = *slot.output;
  record.set_id(slot.output_id);
  record.set_job_id(job_id);
  AddArtifact(std::move(record), now);
}

void TableScheduler::AddArtifact(v1::ArtifactRecord record, absl::Time now) {
  record.set_created_unix_ms(absl::ToUnixMillis(now));
  record.set_sequence(counters_.next_artifact_sequence++);
  artifacts_[record.id()] = record;
  new_artifacts_.push_back(std::move(record));
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

}  // namespace

std::unique_ptr<Scheduler> Scheduler::Create(const SchedulerOptions& options, const Records& records,
                                             absl::Time now) {
  return std::make_unique<TableScheduler>(options, records, now);
}

}  // namespace bonsai
