// How long attempts may take: in all (JobSpec.time_limit_seconds, from the attempt's start, whatever happens
// to the coordinator meanwhile) and without a sign of progress (JobSpec.progress_timeout_seconds; begins anew
// with the coordinator, which does not know what went on while it was away).
//
// Used by the Scheduler alone; single-threaded. Holds nothing for jobs without such limits.
#ifndef BONSAI_COORDINATOR_SCHEDULER_ATTEMPT_CLOCKS_H_
#define BONSAI_COORDINATOR_SCHEDULER_ATTEMPT_CLOCKS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/worker.pb.h"

namespace bonsai {

class AttemptClocks {
 public:
  struct Due {
    std::string job_id;
    v1::AttemptRecord::Outcome outcome;  // TIMED_OUT or HUNG
    std::string reason;                  // for people
  };

  // The job's last attempt is live.
  void Start(const v1::JobRecord& job, absl::Time now);
  void Remove(const std::string& job_id);
  // Of rank 0. Another step, sample or checkpoint than before is a sign of progress.
  void Report(const v1::RankReport& report, absl::Time now);

  // Those that are over by now, each once.
  std::vector<Due> Expire(absl::Time now);
  // When the next one is; InfiniteFuture if there is none.
  absl::Time NextDeadline() const;

 private:
  struct Clock {
    uint32_t limit_seconds = 0;
    uint32_t progress_seconds = 0;
    absl::Time ends = absl::InfiniteFuture();
    absl::Time hangs = absl::InfiniteFuture();
    std::string sign;  // of progress: what was last seen
    uint64_t step = 0;

    absl::Time next() const { return ends < hangs ? ends : hangs; }
  };

  using Clocks = absl::flat_hash_map<std::string, Clock>;

  void Erase(Clocks::iterator clock);

  Clocks clocks_;                                                // looked up, never walked over
  uint64_t watching_ = 0;                                        // of them have progress_seconds
  absl::btree_set<std::pair<absl::Time, std::string>> by_time_;  // those with a deadline
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_ATTEMPT_CLOCKS_H_
