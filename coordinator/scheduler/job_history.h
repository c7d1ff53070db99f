// The history of jobs as it grows: who did what to a job, when and why, and the state it was in afterwards.
// An entry carries the job's next number; the number is kept in the job's record, so that what is committed
// has no gap and no repetition, whenever the coordinator ends.
//
// Held by JobTable; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_JOB_HISTORY_H_
#define BONSAI_COORDINATOR_SCHEDULER_JOB_HISTORY_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

// What is said of a change, beside the state that it leads to.
struct Happening {
  std::string what;                 // "started attempt 2 on w1"
  std::string why = {};             // cut at 2 KiB
  std::string actor = "scheduler";  // a user's name, "worker w1", "schedule nightly"
};

class JobHistory {
 public:
  // Appends an entry, and counts it in the record. The record must be committed with it.
  void Add(v1::JobRecord& job, absl::Time now, const Happening& happening);

  // Those added since the last call, in order.
  std::vector<v1::HistoryEntry> TakeNew();

 private:
  std::vector<v1::HistoryEntry> new_;
};

// "w1, w2 (4 ranks)": where the ranks of an attempt are.
std::string DescribePlacements(const v1::AttemptRecord& attempt);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_JOB_HISTORY_H_
