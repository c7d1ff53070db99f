// Decides who runs what. Pure: a state, an event and the time give actions; no I/O, clock, thread or log. The
// driver (coordinator/rpc) commits the records in the actions as one batch, and only then sends the replies.
// If the commit fails, the process ends and a new one loads what was committed.
//
// Single-threaded. The same records, times and events give the same actions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SCHEDULER_H_
#define BONSAI_COORDINATOR_SCHEDULER_SCHEDULER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"
#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/worker.pb.h"
#include "coordinator/scheduler/records.h"

namespace bonsai {

// --- Events
// -------------------------------------------------------------------------------------------------------

// Who asks. `tenant` is what quotas and shares count against and what a caller that is not an admin may see
// and touch.
struct Actor {
  std::string name = "anonymous";
  std::string tenant = "default";
  bool admin = true;  // may touch what belongs to other tenants
};

// A pipeline that CheckPipeline accepted.
struct PipelineSubmitted {
  std::string request_id;
  v1::Pipeline pipeline;
  // For each job of the pipeline, its input fields; job_id holds the *name* of a job of this pipeline, or is
  // empty.
  std::vector<std::vector<v1::ResolvedInput>> inputs;
  Actor actor = {};
};

// A job's or a pipeline's id. What belongs to another tenant is NotFound, here and below.
struct CancelRequested {
  std::string id;
  Actor actor = {};
};

struct PauseRequested {
  std::string pipeline_id;
  bool resume = false;
  Actor actor = {};
};

// A job's or a pipeline's id.
struct RetryRequested {
  std::string id;
  Actor actor = {};
};

struct WorkerSet {
  v1::SetWorkerRequest request;
  Actor actor = {};
};

// `schedule.pipeline` was accepted by CheckPipeline; `inputs` as in PipelineSubmitted.
struct SchedulePut {
  v1::ScheduleRecord schedule;
  std::vector<std::vector<v1::ResolvedInput>> inputs;
  Actor actor = {};
};

struct ScheduleDeleted {
  std::string name;
  Actor actor = {};
};

// What a worker says. `artifacts` holds, for each manifest id that the request names and the record store
// does not have, what the driver found when it read the manifest and checked its blobs; an id that did not
// check is absent.
struct WorkerSynchronized {
  v1::SynchronizeRequest request;
  std::map<std::string, v1::ArtifactRecord> artifacts;
  std::map<std::string, std::string> refused = {};  // by manifest id: why it did not check, for people
};

// An artifact from another coordinator: its manifest and every file of it are in the store and were checked.
// Putting what is there already changes nothing.
struct ArtifactImported {
  v1::ArtifactRecord record;
  Actor actor = {};
};

// NextDeadline() has come.
struct DeadlineReached {};

using Event =
    std::variant<PipelineSubmitted, CancelRequested, PauseRequested, RetryRequested, WorkerSet, SchedulePut,
                 ScheduleDeleted, WorkerSynchronized, ArtifactImported, DeadlineReached>;

// --- Actions
// ------------------------------------------------------------------------------------------------------

struct PutPipeline {
  v1::PipelineRecord record;
};
struct PutJob {
  v1::JobRecord record;
};
struct PutArtifact {
  v1::ArtifactRecord record;
};
struct PutCounters {
  Counters counters;
};
struct AppendHistory {
  v1::HistoryEntry entry;
};
struct PutWorker {
  v1::WorkerRecord record;  // without cordon or drain: drop it
};
struct PutSchedule {
  v1::ScheduleRecord record;
};
struct DropSchedule {
  std::string name;
};
// Replies to the event that was applied; at most one.
struct ReplySubmitted {
  v1::SubmitPipelineResponse response;
};
struct ReplyCancelled {
  v1::CancelResponse response;
};
struct ReplySynchronized {
  v1::SynchronizeResponse response;
};
struct ReplyPaused {
  v1::PauseResponse response;
};
struct ReplyRetried {
  v1::RetryResponse response;
};
struct ReplyWorkerSet {
  v1::SetWorkerResponse response;
};
struct ReplyScheduled {
  v1::PutScheduleResponse response;
};
struct ReplyScheduleDeleted {};
struct ReplyArtifactImported {
  v1::ArtifactRecord record;
};
// The event was refused and changed nothing.
struct Reject {
  absl::Status status;
};

using Action =
    std::variant<PutPipeline, PutJob, PutArtifact, PutCounters, AppendHistory, PutWorker, PutSchedule,
                 DropSchedule, ReplySubmitted, ReplyCancelled, ReplySynchronized, ReplyPaused, ReplyRetried,
                 ReplyWorkerSet, ReplyScheduled, ReplyScheduleDeleted, ReplyArtifactImported, Reject>;

struct SchedulerOptions {
  absl::Duration lease = absl::Seconds(10);
  absl::Duration synchronize_interval = absl::Seconds(1);
  uint32_t default_max_attempts = 3;
  uint32_t lost_attempts_max = 20;  // then a job whose workers keep vanishing is failed
  uint32_t preemptions_max = 1000;  // likewise
  uint32_t attempts_kept = 64;      // per job record: the newest
  v1::StorageConfig storage = {};   // which checkpoints a job keeps
  uint32_t jobs_per_pipeline_max = 1000;
  std::vector<v1::QueueConfig> queues = {};
  std::vector<v1::TenantConfig> tenants = {};
  // A job with a higher priority that would fit if lower ones left makes them leave once it has waited for so
  // long.
  absl::Duration preempt_after = absl::Milliseconds(500);
  absl::Duration default_grace = absl::Seconds(30);
  // After a failure a job waits, twice as long after each one, before it is tried again.
  absl::Duration backoff_first = absl::Seconds(1);
  absl::Duration backoff_max = absl::Minutes(5);
  uint32_t excluded_workers_max = 8;                 // per job; the oldest may be used again
  absl::Duration usage_half_life = absl::Hours(24);  // of what counts against a tenant's fair share
  std::string code_version = {};                     // put into every task
  uint32_t holdout_queries_per_day = 0;              // of a tenant (holdout_quota.h); 0: no limit
  // Since when the coordinator has that code version: what an attempt made that started before is not reused.
  absl::Time code_since = absl::InfinitePast();
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;

  // Starts from what the store holds, which becomes its own: who moves the records in spares a copy of them
  // all. Attempts that were live are given one full lease from `now` to be reported.
  static std::unique_ptr<Scheduler> Create(const SchedulerOptions& options, Records records, absl::Time now);

  virtual std::vector<Action> Apply(absl::Time now, const Event& event) = 0;

  // When DeadlineReached is due (a lease ends), if ever.
  virtual std::optional<absl::Time> NextDeadline() const = 0;

  // For people: every worker that was heard of, by id, with what is free and what runs.
  virtual std::vector<v1::WorkerStatus> ListWorkers(absl::Time now) const = 0;

  // For people: why the job does not run, e.g. "waits for p1/corpus", "needs 2 cpus for each of 2 ranks; the
  // largest worker has 1". Empty for a job that runs or ended.
  virtual std::string ExplainPending(absl::string_view job_id) const = 0;

  // For people: state, reason, forecast and details. NotFound.
  virtual absl::StatusOr<v1::ExplainJobResponse> Explain(absl::Time now, absl::string_view job_id) const = 0;

  // Whether, where and when each job of a pipeline would run if it were submitted now, in the order of the
  // pipeline.
  virtual std::vector<v1::JobForecast> Forecast(absl::Time now, const PipelineSubmitted& event) const = 0;

  // What every tenant holds and has used; artifact bytes are the driver's to fill in.
  virtual std::vector<v1::TenantUsage> ListUsage(absl::Time now) const = 0;

  virtual std::vector<v1::ScheduleRecord> ListSchedules() const = 0;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SCHEDULER_H_
