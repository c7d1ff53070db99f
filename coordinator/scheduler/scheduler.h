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
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/worker.pb.h"
#include "coordinator/scheduler/records.h"

namespace bonsai {

// --- Events
// -------------------------------------------------------------------------------------------------------

// A pipeline that CheckPipeline accepted.
struct PipelineSubmitted {
  std::string request_id;
  v1::Pipeline pipeline;
  // For each job of the pipeline, its input fields; job_id holds the *name* of a job of this pipeline, or is
  // empty.
  std::vector<std::vector<v1::ResolvedInput>> inputs;
};

// A job's or a pipeline's id.
struct CancelRequested {
  std::string id;
};

// What a worker says. `artifacts` holds, for each manifest id that the request names and the record store
// does not have, what the driver found when it read the manifest and checked its blobs; an id that did not
// check is absent.
struct WorkerSynchronized {
  v1::SynchronizeRequest request;
  std::map<std::string, v1::ArtifactRecord> artifacts;
};

// NextDeadline() has come.
struct DeadlineReached {};

using Event = std::variant<PipelineSubmitted, CancelRequested, WorkerSynchronized, DeadlineReached>;

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
// The event was refused and changed nothing.
struct Reject {
  absl::Status status;
};

using Action = std::variant<PutPipeline, PutJob, PutArtifact, PutCounters, ReplySubmitted, ReplyCancelled,
                            ReplySynchronized, Reject>;

struct SchedulerOptions {
  absl::Duration lease = absl::Seconds(10);
  absl::Duration synchronize_interval = absl::Seconds(1);
  uint32_t default_max_attempts = 3;
  uint32_t lost_attempts_max = 20;  // then a job whose workers keep vanishing is failed
  uint32_t checkpoints_kept = 3;    // per job record
  uint32_t jobs_per_pipeline_max = 1000;
  // Smaller jobs may pass one that does not fit, until the oldest has waited for so long: then the room that
  // it would use is kept free for it.
  absl::Duration keep_room_after = absl::Seconds(60);
  std::string code_version = {};  // put into every task
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;

  // Starts from what the store holds. Attempts that were live are given one full lease from `now` to be
  // reported.
  static std::unique_ptr<Scheduler> Create(const SchedulerOptions& options, const Records& records,
                                           absl::Time now);

  virtual std::vector<Action> Apply(absl::Time now, const Event& event) = 0;

  // When DeadlineReached is due (a lease ends), if ever.
  virtual std::optional<absl::Time> NextDeadline() const = 0;

  // For people: every worker that was heard of, by id, with what is free and what runs.
  virtual std::vector<v1::WorkerStatus> ListWorkers(absl::Time now) const = 0;

  // For people: why the job does not run, e.g. "waits for p1/corpus", "needs 2 cpus for each of 2 ranks; the
  // largest worker has 1". Empty for a job that runs or ended.
  virtual std::string ExplainPending(absl::string_view job_id) const = 0;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SCHEDULER_H_
