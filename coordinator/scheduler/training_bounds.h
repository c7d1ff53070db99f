// The bounds of what trains: model shape, optimizer, schedule.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_TRAINING_BOUNDS_H_
#define BONSAI_COORDINATOR_SCHEDULER_TRAINING_BOUNDS_H_

#include "bonsai/v1/spec.pb.h"
#include "coordinator/scheduler/problem_list.h"

namespace bonsai {

// `ranks` is the most that the gang may have.
void CheckPretrain(const v1::PretrainSpec& spec, uint32_t ranks, ProblemList& problems);
void CheckSft(const v1::SftSpec& spec, uint32_t ranks, ProblemList& problems);

// Adds a problem if the value is not in [least, most].
template <typename Value>
void CheckRange(absl::string_view field, Value value, Value least, Value most, ProblemList& problems) {
  // A NaN is in no range.
  if (value >= least && value <= most) return;
  problems.Add(field, value, absl::StrCat("must be from ", least, " to ", most));
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_TRAINING_BOUNDS_H_
