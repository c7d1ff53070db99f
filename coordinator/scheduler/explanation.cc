// TableScheduler: why a job is where it is, when it is likely to move, and what would become of one that is
// not submitted.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/scheduler/forecast.h"
#include "coordinator/scheduler/placement.h"
#include "coordinator/scheduler/table_scheduler.h"
#include "coordinator/scheduler/tenancy.h"
#include "coordinator/scheduler/worker_lack.h"

namespace bonsai {
namespace {

// Of a large cluster only the first workers are gone through.
constexpr size_t kWorkersTold = 16;
constexpr size_t kAttemptsTold = 8;

std::string Instant(int64_t unix_ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

std::string Span(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(std::max(duration, absl::ZeroDuration()), absl::Seconds(1)));
}

std::string DescribeAttempt(const v1::AttemptRecord& attempt, absl::Time now) {
  const absl::Time started = absl::FromUnixMillis(attempt.started_unix_ms());
  if (attempt.outcome() == v1::AttemptRecord::OUTCOME_UNSPECIFIED) {
    return absl::StrCat("attempt ", attempt.number(), " runs on ", DescribePlacements(attempt), " since ",
                        Instant(attempt.started_unix_ms()), " (", Span(now - started), ")");
  }
  return absl::StrCat("attempt ", attempt.number(), " on ", DescribePlacements(attempt), " ended after ",
                      Span(absl::FromUnixMillis(attempt.ended_unix_ms()) - started), ": ",
                      absl::AsciiStrToLower(v1::AttemptRecord::Outcome_Name(attempt.outcome())),
                      attempt.reason().empty() ? "" : ", ", attempt.reason());
}

std::string DescribeProgress(const v1::Progress& progress, const std::string& unit) {
  std::string text = absl::StrCat("it is at ", progress.step(), " of ", progress.total_steps(), " ", unit);
  if (progress.eta_seconds() >= 0) {
    absl::StrAppend(&text, "; ", Span(absl::Seconds(progress.eta_seconds())), " to go, it said");
  }
  return text;
}

}  // namespace

absl::StatusOr<v1::ExplainJobResponse> TableScheduler::Explain(absl::Time now,
                                                               absl::string_view job_id) const {
  const v1::JobRecord* job = jobs_.Find(job_id);
  if (job == nullptr) return absl::NotFoundError(absl::StrCat("there is no job \"", job_id, "\""));
  v1::ExplainJobResponse response;
  response.set_state(job->state());
  const std::string pending = ExplainPending(job_id);
  response.set_reason(pending.empty() ? job->reason() : pending);
  if (job->state() == v1::WAITING) TellInputs(*job, response);
  if (job->state() == v1::READY) TellQueue(*job, now, response);
  if (const LiveAttempt* attempt = attempts_.Find(job->id());
      attempt != nullptr && attempt->progress().total_steps() > 0) {
    const v1::Progress& progress = attempt->progress();
    response.add_details(DescribeProgress(progress, progress.unit().empty() ? "steps" : progress.unit()));
  }
  TellAttempts(*job, now, response);
  if (!HasEnded(job->state())) {
    const ForecastResult result =
        RunForecast(TakeSnapshot(), options_, durations_, &Scheduler::Create, {job->id()}, std::nullopt, now);
    *response.mutable_forecast() = MakeForecast(*job, job->id(), response.reason(), result.jobs);
  }
  return response;
}

void TableScheduler::TellInputs(const v1::JobRecord& job, v1::ExplainJobResponse& response) const {
  for (const v1::ResolvedInput& input : job.inputs()) {
    const v1::JobRecord* needed = jobs_.Find(input.job_id());
    if (!input.artifact_id().empty() || needed == nullptr) continue;
    const std::string why = ExplainPending(needed->id());
    response.add_details(absl::StrCat(input.field(), " comes from ", needed->id(), ", which is ",
                                      absl::AsciiStrToLower(v1::JobState_Name(needed->state())),
                                      why.empty() ? "" : ": ", why));
  }
}

void TableScheduler::TellQueue(const v1::JobRecord& job, absl::Time now,
                               v1::ExplainJobResponse& response) const {
  TellStanding(job, now, response);
  const uint32_t tries =
      job.spec().max_attempts() == 0 ? options_.default_max_attempts : job.spec().max_attempts();
  if (job.failures() > 0) response.add_details(absl::StrCat(job.failures(), " of ", tries, " tries failed"));
  if (job.losses() > 0) {
    response.add_details(absl::StrCat(job.losses(), " of at most ", options_.lost_attempts_max,
                                      " attempts were lost or hung"));
  }
  if (job.preemptions() > 0) response.add_details(absl::StrCat("preempted ", job.preemptions(), " times"));
  if (!job.excluded_workers().empty()) {
    response.add_details(
        absl::StrCat("avoids ", absl::StrJoin(job.excluded_workers(), ", "), " while others will do"));
  }
  const std::vector<v1::WorkerStatus> statuses = ListWorkers(now);
  size_t told = 0;
  for (const v1::WorkerStatus& status : statuses) {
    const auto worker = workers_.all().find(status.worker_id());
    if (worker == workers_.all().end()) continue;
    const std::string lack = DescribeLack(job.spec(), worker->second, status);
    if (lack.empty()) continue;
    if (++told > kWorkersTold) continue;
    response.add_details(absl::StrCat(status.worker_id(), " ", lack));
  }
  if (told > kWorkersTold) response.add_details(absl::StrCat(told - kWorkersTold, " more workers do not do"));
}

void TableScheduler::TellAttempts(const v1::JobRecord& job, absl::Time now,
                                  v1::ExplainJobResponse& response) const {
  const int first = std::max(0, job.attempts_size() - static_cast<int>(kAttemptsTold));
  for (int i = first; i < job.attempts_size(); ++i) {
    response.add_details(DescribeAttempt(job.attempts(i), now));
  }
  if (!job.checkpoints().empty()) {
    response.add_details(absl::StrCat("its newest checkpoint is of step ", job.checkpoints(0).step()));
  }
}

ClusterSnapshot TableScheduler::TakeSnapshot() const {
  ClusterSnapshot snapshot;
  snapshot.records.counters = counters_;
  snapshot.records.workers.insert(cordons_.all().begin(), cordons_.all().end());
  for (const auto& [id, job] : jobs_.all()) {
    if (HasEnded(job.state())) continue;
    snapshot.records.jobs.emplace(id, job);
    const v1::PipelineRecord* pipeline = pipelines_.Find(job.pipeline_id());
    if (pipeline != nullptr) snapshot.records.pipelines.emplace(pipeline->id(), *pipeline);
    if (const LiveAttempt* attempt = attempts_.Find(id)) {
      snapshot.progress[id] = {attempt->progress(), attempt->progress_time()};
    }
  }
  for (const auto& [id, worker] : workers_.all()) {
    if (!worker.live) continue;
    VirtualCluster::Worker& virtual_worker = snapshot.workers.emplace_back();
    virtual_worker.id = id;
    virtual_worker.offer = worker.offer;
    virtual_worker.leaving = worker.leaving;
    for (const AttemptTable::RankOnWorker& on : attempts_.OnWorker(id)) {
      v1::RankReport& report = virtual_worker.ranks.emplace_back();
      report.set_job_id(on.job_id);
      report.set_attempt(on.attempt->number());
      report.set_rank(on.rank);
      report.set_phase(on.slot->holds_resources() ? v1::RankReport::RUNNING : v1::RankReport::EXITED);
      if (!on.slot->holds_resources()) report.set_exit(v1::RankReport::DONE);
    }
  }
  return snapshot;
}

bool TableScheduler::CanRun(const v1::JobSpec& spec) const {
  std::vector<Room> whole = View().FindRooms().whole;
  return PlaceGang(NeedOf(spec), MinRanksOf(spec), whole).has_value();
}

v1::JobForecast TableScheduler::MakeForecast(const v1::JobRecord& job, const std::string& name,
                                             const std::string& why, const ForecastById& forecasts) const {
  v1::JobForecast forecast;
  if (const auto it = forecasts.find(job.id()); it != forecasts.end()) forecast = it->second;
  forecast.set_job(name);
  forecast.set_can_run(CanRun(job.spec()));
  forecast.set_why(why);
  return forecast;
}

std::vector<v1::JobForecast> TableScheduler::Forecast(absl::Time now, const PipelineSubmitted& event) const {
  PipelineSubmitted submitted = event;
  // One that was submitted before would be answered with what it became.
  submitted.request_id.clear();
  v1::PipelineRecord pipeline;
  pipeline.set_id(absl::StrCat("p", counters_.next_pipeline));
  std::vector<v1::JobRecord> jobs;
  if (!MakeJobRecords(pipeline.id(), event.pipeline, event.inputs, jobs).ok()) return {};
  const ForecastResult result =
      RunForecast(TakeSnapshot(), options_, durations_, &Scheduler::Create, {}, submitted, now);
  std::vector<v1::JobForecast> ordered;
  for (const v1::JobRecord& job : jobs) {
    std::vector<std::string> needs;
    for (const v1::ResolvedInput& input : job.inputs()) {
      if (!input.job_id().empty()) needs.push_back(input.job_id().substr(pipeline.id().size() + 1));
    }
    std::sort(needs.begin(), needs.end());
    needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
    std::string why = needs.empty() ? "" : absl::StrCat("waits for ", absl::StrJoin(needs, ", "));
    const auto found = result.jobs.find(job.id());
    const bool at_once =
        found != result.jobs.end() && found->second.start_unix_ms() <= absl::ToUnixMillis(now);
    if (!CanRun(job.spec()) || (needs.empty() && !at_once)) why = View().ExplainSpec(job.spec());
    if (!result.submitted.ok()) why = std::string(result.submitted.message());
    v1::JobForecast& forecast = ordered.emplace_back(MakeForecast(job, job.spec().name(), why, result.jobs));
    forecast.set_can_run(forecast.can_run() && result.submitted.ok());
  }
  return ordered;
}

}  // namespace bonsai
