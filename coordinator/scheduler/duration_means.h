// How long jobs of each kind took that were done: what a forecast falls back on.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_DURATION_MEANS_H_
#define BONSAI_COORDINATOR_SCHEDULER_DURATION_MEANS_H_

#include <cstdint>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

class DurationMeans {
 public:
  struct Mean {
    uint64_t jobs = 0;
    absl::Duration duration;  // zero if there are none
  };

  // Counts a job that is DONE: the time of all its attempts. Others are ignored.
  void Add(const v1::JobRecord& job);
  // Of jobs of the kind.
  Mean Of(const std::string& kind) const;

 private:
  struct Sum {
    uint64_t jobs = 0;
    absl::Duration total;
  };
  absl::btree_map<std::string, Sum> sums_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_DURATION_MEANS_H_
