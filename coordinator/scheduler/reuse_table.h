// What was done before, for jobs that take an earlier job's output instead of running (JobSpec.reuse).
//
// Two jobs do the same if their specs say the same but for what names, places and schedules them, and each
// input is the same artifact. What an evaluation is compared with changes none of its figures and does not
// count. A job's code version is that of the coordinator when its attempt started.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_REUSE_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_REUSE_TABLE_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/job_table.h"

namespace bonsai {

// The same bytes for jobs of one tenant that do the same. All inputs of `job` are resolved.
std::string WorkKey(const v1::JobRecord& job);

class ReuseTable {
 public:
  // Attempts that started before `code_since` ran another code version.
  explicit ReuseTable(absl::Time code_since) : code_since_(code_since) {}

  // The job that was done last of those that did what `job` is to do; nullptr if there is none. The first
  // call looks through all jobs.
  const v1::JobRecord* Find(const JobTable& jobs, const v1::JobRecord& job);
  // A job is done now.
  void NoteDone(const v1::JobRecord& job);

 private:
  void Add(const v1::JobRecord& job);

  const absl::Time code_since_;
  bool filled_ = false;
  struct Done {
    std::string job_id;
    int64_t ended_unix_ms = 0;
    uint64_t sequence = 0;
  };
  absl::flat_hash_map<uint64_t, Done> newest_;  // by the hash of their key
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_REUSE_TABLE_H_
