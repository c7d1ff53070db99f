// The records of jobs and how one job's end moves those that wait for it. Collects what changed, so that the
// Scheduler can have it committed.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_JOB_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_JOB_TABLE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

bool HasEnded(v1::JobState state);

class JobTable {
 public:
  struct Ready {
    std::string job_id;
    absl::Time since;
  };

  JobTable() = default;
  JobTable(const std::map<std::string, v1::JobRecord>& records, absl::Time now);

  // A new record; READY if it waits for no job, else WAITING.
  void Add(v1::JobRecord record, absl::Time now);

  const v1::JobRecord* Find(absl::string_view id) const;
  // The record, to be changed in anything but its state.
  v1::JobRecord& Edit(const std::string& id);
  void SetState(const std::string& id, v1::JobState state, absl::string_view reason, absl::Time now);

  // The job is done: those that wait for it get its output, and are READY once they wait for nothing more.
  void Finish(const std::string& id, const std::string& output_id, absl::Time now);
  // The job has failed, and so has every job that needs its output.
  void Fail(const std::string& id, absl::string_view reason, absl::Time now);
  // Cancels a job without processes, and all that need its output.
  void Cancel(const std::string& id, absl::string_view reason, absl::Time now);
  // All that need the job's output, directly or not, and have not ended.
  std::vector<std::string> Dependents(const std::string& id) const;

  // READY jobs in the order of submission.
  const absl::btree_map<uint64_t, Ready>& ready() const { return ready_; }

  // The records that changed since the last call, by id.
  std::vector<v1::JobRecord> TakeChanged();

 private:
  void Index(const v1::JobRecord& record, absl::Time now);

  absl::btree_map<std::string, v1::JobRecord> jobs_;
  absl::btree_map<std::string, absl::btree_set<std::string>> dependents_;  // direct ones
  absl::btree_map<uint64_t, Ready> ready_;                                 // by sequence
  absl::btree_set<std::string> changed_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_JOB_TABLE_H_
