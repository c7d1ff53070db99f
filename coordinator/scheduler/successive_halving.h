// Who goes on when a rung of a sweep has ended, and why the others do not: successive halving (Jamieson and
// Talwalkar 2016), one bracket. A sweep without rungs is one rung after which nobody goes on.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SUCCESSIVE_HALVING_H_
#define BONSAI_COORDINATOR_SCHEDULER_SUCCESSIVE_HALVING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bonsai/v1/job.pb.h"

namespace bonsai {

// A variant that has ended.
struct RungResult {
  uint32_t variant = 0;
  bool done = false;             // it has an output
  std::optional<double> metric;  // that it reported last; a NaN counts as none
};

struct RungPlace {
  uint32_t variant = 0;
  uint32_t rank = 0;     // from 1; 0: it is not done, or without the metric, and has none
  bool goes_on = false;  // to the next rung, or, after the last one, is the sweep's result
  std::string reason;    // for people: rank, metric and value; empty for one that is not done
};

// The places of a rung's variants: best first, those without a rank last; equals in the order of their
// numbers. `go_on` of them do at most, and only those with a rank.
std::vector<RungPlace> RankRung(const v1::Sweep& sweep, uint32_t rung, uint32_t go_on,
                                std::vector<RungResult> results);

// The metric of that name in a job's result.
std::optional<double> FindMetric(const v1::JobRecord& job, const std::string& name);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SUCCESSIVE_HALVING_H_
