// The choices of a sweep's parameters: all of a grid, or as many random ones as are asked for.
//
// Pure functions; random choices come from the sweep's seed alone.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SWEEP_DRAW_H_
#define BONSAI_COORDINATOR_SCHEDULER_SWEEP_DRAW_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

// For each variant the value of each parameter, in text. A grid's last parameter changes fastest. Random
// choices differ from each other. InvalidArgument: a parameter without values where one needs them, bounds
// that are none, more than `variants_max`, or fewer different ones than samples are asked for.
//
// `integer[p]`: draws of parameter p between bounds are whole numbers.
absl::StatusOr<std::vector<std::vector<std::string>>> DrawVariants(const v1::Sweep& sweep,
                                                                   const std::vector<bool>& integer,
                                                                   size_t variants_max);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SWEEP_DRAW_H_
