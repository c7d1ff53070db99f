#include "coordinator/scheduler/scheduler.h"

#include <iterator>
#include <utility>

#include "coordinator/scheduler/table_scheduler.h"
#include "coordinator/scheduler/verdict.h"

namespace bonsai {

TableScheduler::TableScheduler(const SchedulerOptions& options, Records records, absl::Time now)
    : options_(options),
      counters_(records.counters),
      kept_counters_(records.counters),
      pipelines_(std::move(records.pipelines)),
      jobs_(std::move(records.jobs), now, LongestBackoff(options)),
      dispatcher_(options_, jobs_),
      artifacts_(std::make_move_iterator(records.artifacts.begin()),
                 std::make_move_iterator(records.artifacts.end())),
      reuse_(options.code_since),
      cordons_(records.workers),
      schedules_(records.schedules) {
  for (const auto& [id, pipeline] : pipelines_.all()) {
    if (pipeline.paused()) jobs_.SetPaused(pipeline, true, now);
  }
  for (const auto& [id, job] : jobs_.all()) {
    durations_.Add(job);
    if (job.state() != v1::RUNNING && job.state() != v1::CANCELLING) continue;
    if (job.attempts_size() == 0) continue;
    attempts_.AddRecovered(id, job.attempts(job.attempts_size() - 1), now + options.lease);
    if (job.state() == v1::CANCELLING) {
      attempts_.Find(id)->Stop(v1::AttemptRecord::CANCELLED, "cancelled");
    } else {
      clocks_.Start(job, now);
    }
    touched_.insert(id);
  }
  ResumeStops();
  RecoverDispatcher(now);
}

std::vector<Action> TableScheduler::Apply(absl::Time now, const Event& event) {
  reply_.reset();
  run_nothing_ = false;
  Intake().Expire(now, touched_);
  StopOverdue(now);
  jobs_.Release(now);
  const absl::Status status = std::visit([&](const auto& e) { return Take(now, e); }, event);
  Settle(now);
  SettleSweeps(now);
  RunSchedules(now);
  while (ReuseOutputs(now)) SettleSweeps(now);
  Dispatch(now);
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
  for (v1::WorkerRecord& record : cordons_.TakeChanged()) actions.push_back(PutWorker{std::move(record)});
  for (v1::ScheduleRecord& record : schedules_.TakeChanged())
    actions.push_back(PutSchedule{std::move(record)});
  for (std::string& name : schedules_.TakeDropped()) actions.push_back(DropSchedule{std::move(name)});
  for (v1::HistoryEntry& entry : jobs_.TakeHistory()) actions.push_back(AppendHistory{std::move(entry)});
  return actions;
}

std::unique_ptr<Scheduler> Scheduler::Create(const SchedulerOptions& options, Records records,
                                             absl::Time now) {
  return std::make_unique<TableScheduler>(options, std::move(records), now);
}

}  // namespace bonsai
