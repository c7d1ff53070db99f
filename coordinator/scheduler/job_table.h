// The records of jobs and how one job's end moves those that wait for it. Collects what changed, and the
// history of it, so that the Scheduler can have both committed together.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_JOB_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_JOB_TABLE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/job_history.h"
#include "proto/job_state.h"

namespace bonsai {

class JobTable {
 public:
  struct Ready {
    std::string job_id;
    absl::Time since;
  };

  JobTable() = default;
  JobTable(const JobTable&) = delete;
  JobTable& operator=(const JobTable&) = delete;
  // No job backs off for longer than `longest_backoff` from `now`, whatever clock its record was made by.
  JobTable(std::map<std::string, v1::JobRecord> records, absl::Time now, absl::Duration longest_backoff);

  // A new record; READY if it waits for no job, else WAITING.
  void Add(v1::JobRecord record, absl::Time now, const std::string& actor = "scheduler");

  const v1::JobRecord* Find(absl::string_view id) const;
  const std::map<std::string, v1::JobRecord>& all() const { return jobs_; }
  // The record, to be changed in anything but its state, not_before_unix_ms and history_size.
  v1::JobRecord& Edit(const std::string& id);
  // `reason` stays in the record; the history gets `happening` (its `why`, if empty, is the reason).
  void SetState(const std::string& id, v1::JobState state, absl::string_view reason, absl::Time now,
                Happening happening);
  // Something happened to the job that leaves its state as it is.
  void Note(const std::string& id, absl::Time now, const Happening& happening);

  // The job is done: those that wait for it get its output, and are READY once they wait for nothing more.
  void Finish(const std::string& id, const std::string& output_id, absl::Time now);
  // The job has failed, and so has every job that needs its output.
  void Fail(const std::string& id, absl::string_view reason, absl::Time now);
  // Cancels a job without processes, and all that need its output.
  void Cancel(const std::string& id, absl::string_view reason, absl::Time now,
              const std::string& actor = "scheduler");
  // The job is READY again, but does not start within `backoff`.
  void Retry(const std::string& id, absl::string_view reason, absl::Duration backoff, absl::Time now,
             Happening happening);
  // A job that FAILED or was CANCELLED begins again, WAITING or READY, with nothing counted against it. Its
  // attempts and checkpoints stay.
  void Reopen(const std::string& id, absl::Time now, const std::string& actor);

  // While a pipeline is paused, none of its jobs is in ready().
  void SetPaused(const v1::PipelineRecord& pipeline, bool paused, absl::Time now);
  // Jobs whose backoff is over are in ready() again.
  void Release(absl::Time now);
  // Why a READY job is not in ready(), for people; empty if it is.
  std::string DescribeHold(const v1::JobRecord& job) const;
  // When the next one's is; InfiniteFuture if there is none.
  absl::Time NextRelease() const;

  // All that need the job's output, directly or not, and have not ended.
  std::vector<std::string> Dependents(const std::string& id) const;

  // READY jobs that may start as soon as there is room, in the order of submission.
  const absl::btree_map<uint64_t, Ready>& ready() const { return ready_; }

  // How many of the tenant's jobs have not ended.
  uint64_t Unended(absl::string_view tenant) const;
  // Jobs that came into ready() or went out of it since the last call, or that changed while they were there;
  // by id.
  absl::btree_set<std::string> TakeMoved() { return std::exchange(moved_, {}); }
  // The jobs that select from sweeps of which a variant has ended since the last call.
  std::vector<std::string> TakeUnsettledSweeps();

  // READY jobs that may reuse another's output, and have not been tried, since the last call.
  absl::btree_set<std::string> TakeReusing() { return std::exchange(reusing_, {}); }

  // The records that changed since the last call, by id.
  std::vector<v1::JobRecord> TakeChanged();
  // What happened since the last call, in order.
  std::vector<v1::HistoryEntry> TakeHistory() { return history_.TakeNew(); }

 private:
  void Index(const v1::JobRecord& record, absl::Time now);
  // Puts a READY job where it belongs, and takes any other out.
  void Queue(const v1::JobRecord& job, absl::Time now);
  void NoteSweep(const v1::JobRecord& job);
  // Inputs that name jobs which are done get their outputs.
  void TakeOutputs(v1::JobRecord& job) const;

  std::map<std::string, v1::JobRecord> jobs_;
  absl::flat_hash_map<absl::string_view, v1::JobRecord*> by_id_;  // the same; its keys are those of jobs_
  absl::btree_map<std::string, absl::btree_set<std::string>> dependents_;  // direct ones
  absl::btree_map<uint64_t, Ready> ready_;                                 // by sequence
  absl::btree_set<std::pair<absl::Time, std::string>> backing_off_;
  absl::btree_set<std::string> paused_;  // pipelines
  absl::btree_set<std::string> moved_;
  absl::btree_map<std::string, uint64_t> unended_;  // by tenant
  absl::btree_set<std::string> changed_;
  absl::btree_set<std::string> unsettled_sweeps_;
  absl::btree_set<std::string> reusing_;
  JobHistory history_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_JOB_TABLE_H_
