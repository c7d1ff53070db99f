// The Scheduler over tables in memory: its state, and which file holds what it does. Events of clients are
// taken in client_events.cc, operator_events.cc and schedule_events.cc, those of workers in worker_events.cc;
// dispatch.cc and attempt_lifecycle.cc start and end attempts; explanation.cc and standing.cc say why;
// scheduler.cc is the frame around them.
//
// Used by Scheduler::Create alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_TABLE_SCHEDULER_H_
#define BONSAI_COORDINATOR_SCHEDULER_TABLE_SCHEDULER_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "coordinator/scheduler/attempt_clocks.h"
#include "coordinator/scheduler/attempt_table.h"
#include "coordinator/scheduler/cluster_view.h"
#include "coordinator/scheduler/cordon_table.h"
#include "coordinator/scheduler/dispatcher.h"
#include "coordinator/scheduler/duration_means.h"
#include "coordinator/scheduler/forecast.h"
#include "coordinator/scheduler/job_table.h"
#include "coordinator/scheduler/pipeline_table.h"
#include "coordinator/scheduler/report_intake.h"
#include "coordinator/scheduler/reuse_table.h"
#include "coordinator/scheduler/schedule_table.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/scheduler/worker_table.h"

namespace bonsai {

class TableScheduler : public Scheduler {
 public:
  TableScheduler(const SchedulerOptions& options, Records records, absl::Time now);

  std::vector<Action> Apply(absl::Time now, const Event& event) override;
  std::optional<absl::Time> NextDeadline() const override;
  std::vector<v1::WorkerStatus> ListWorkers(absl::Time) const override { return View().ListWorkers(); }
  std::string ExplainPending(absl::string_view job_id) const override;
  absl::StatusOr<v1::ExplainJobResponse> Explain(absl::Time now, absl::string_view job_id) const override;
  std::vector<v1::JobForecast> Forecast(absl::Time now, const PipelineSubmitted& event) const override;
  std::vector<v1::TenantUsage> ListUsage(absl::Time now) const override;
  std::vector<v1::ScheduleRecord> ListSchedules() const override { return schedules_.List(); }

 private:
  // The events. A status that is not OK becomes a Reject.
  absl::Status Take(absl::Time now, const PipelineSubmitted& event);
  absl::Status Take(absl::Time now, const CancelRequested& event);
  absl::Status Take(absl::Time now, const PauseRequested& event);
  absl::Status Take(absl::Time now, const RetryRequested& event);
  absl::Status Take(absl::Time now, const WorkerSet& event);
  absl::Status Take(absl::Time now, const SchedulePut& event);
  absl::Status Take(absl::Time now, const ScheduleDeleted& event);
  absl::Status Take(absl::Time now, const WorkerSynchronized& event);
  absl::Status Take(absl::Time now, const ArtifactImported& event);
  absl::Status Take(absl::Time, const DeadlineReached&) { return absl::OkStatus(); }
  template <typename Other>
  absl::Status Take(absl::Time, const Other&) {
    return absl::UnimplementedError("event");
  }

  // nullptr also for what the actor may not see.
  const v1::PipelineRecord* FindPipeline(const std::string& id, const Actor& actor) const;
  const v1::JobRecord* FindJob(const std::string& id, const Actor& actor) const;
  void CancelOne(const std::string& job_id, const std::string& actor, absl::Time now);
  // Asks the ranks of the job's live attempt to checkpoint and leave; it ends with `cause` then. False if
  // there is none, or it is ending already.
  bool Stop(const std::string& job_id, v1::AttemptRecord::Outcome cause, const std::string& why,
            const std::string& actor, absl::Time now);
  void LeaveDrained(const v1::WorkerRecord& record, const std::string& actor, absl::Time now);
  // After a restart: of attempts that had been asked to leave by a pause or a drain.
  void ResumeStops();
  // Of attempts over their time limit, and those that hang.
  void StopOverdue(absl::Time now);
  // Ends the attempts that are over, of the jobs touched.
  void Settle(absl::Time now);
  void Conclude(const std::string& job_id, absl::Time now);
  void Publish(const std::string& job_id, const RankSlot& slot, absl::Time now);
  void AddArtifact(v1::ArtifactRecord record, absl::Time now);
  // Of sweeps of which a variant has ended.
  void SettleSweeps(absl::Time now);
  // Jobs that need not run, because one before them did the same, are done. False if there were none.
  bool ReuseOutputs(absl::Time now);
  // What the job of that name made in the newest run of the schedule in which it is done; empty: nothing.
  std::string LastOutput(const v1::ScheduleRecord& schedule, const std::string& job) const;
  // Submits what is due, as events like any other.
  void RunSchedules(absl::Time now);
  using ForecastById = std::map<std::string, v1::JobForecast>;
  // Explain, in parts: one fact a line.
  void TellInputs(const v1::JobRecord& job, v1::ExplainJobResponse& response) const;
  // Its place in the queue, and its tenant's share.
  void TellStanding(const v1::JobRecord& job, absl::Time now, v1::ExplainJobResponse& response) const;
  // READY jobs that would start before it if all of them fitted.
  size_t CountBefore(const v1::JobRecord& job, absl::Time now) const;
  void TellQueue(const v1::JobRecord& job, absl::Time now, v1::ExplainJobResponse& response) const;
  void TellAttempts(const v1::JobRecord& job, absl::Time now, v1::ExplainJobResponse& response) const;
  ClusterSnapshot TakeSnapshot() const;
  // Whether the connected workers would hold it if they ran nothing else.
  bool CanRun(const v1::JobSpec& spec) const;
  v1::JobForecast MakeForecast(const v1::JobRecord& job, const std::string& name, const std::string& why,
                               const ForecastById& forecasts) const;
  // Whether the queue is there and the tenant's quotas allow for the pipeline.
  absl::Status CheckShares(const PipelineSubmitted& event);
  // Tells the dispatcher what changed, and does what it decides.
  void Dispatch(absl::Time now);
  void RecoverDispatcher(absl::Time now);
  void RefreshRooms();
  void StartAttempt(const Start& start, absl::Time now);
  // What the worker is to run, answered after all else was decided.
  v1::SynchronizeResponse AnswerWorker(const v1::SynchronizeRequest& request) const;
  std::vector<Action> TakeRecords();
  ClusterView View() const { return ClusterView(jobs_, attempts_, workers_, cordons_); }
  ReportIntake Intake() { return ReportIntake(options_, artifacts_, jobs_, attempts_, workers_, clocks_); }

  const SchedulerOptions options_;
  Counters counters_;
  Counters kept_counters_;  // as last given out in an action
  PipelineTable pipelines_;
  JobTable jobs_;
  Dispatcher dispatcher_;
  ReportIntake::Artifacts artifacts_;
  std::vector<v1::ArtifactRecord> new_artifacts_;
  AttemptTable attempts_;
  DurationMeans durations_;
  ReuseTable reuse_;
  AttemptClocks clocks_;
  WorkerTable workers_;
  CordonTable cordons_;
  ScheduleTable schedules_;
  absl::btree_set<std::string> touched_;  // jobs whose attempts may be over
  std::optional<Action> reply_;           // to the event in hand
  bool run_nothing_ = false;              // it came from a session that another has replaced
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_TABLE_SCHEDULER_H_
