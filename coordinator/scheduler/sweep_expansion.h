// Turns the sweeps of a pipeline into jobs. A varied job "pretrain" becomes "pretrain-0", "pretrain-1", ...,
// each with one choice of the parameters, and stays itself as the job that takes the best one's output: so
// "@pretrain" goes on meaning one model. With successive halving the jobs of later rungs are made as rungs
// end (sweep_table.h).
//
// Pure functions; random sweeps are drawn from their own seed.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SWEEP_EXPANSION_H_
#define BONSAI_COORDINATOR_SCHEDULER_SWEEP_EXPANSION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

// Of one pipeline, the jobs of later rungs included.
inline constexpr int kSweepJobsMax = 900;

// The pipeline with its variants, each before the job that they are variants of, and its `sweeps` as they
// were. InvalidArgument names the sweep, the field, the value and what would be valid; also where a job comes
// with a place in a sweep.
absl::StatusOr<v1::Pipeline> ExpandSweeps(const v1::Pipeline& pipeline);

// "pretrain-3" in the first rung, "pretrain-3-r1" in the second.
std::string VariantName(absl::string_view job, uint32_t variant, uint32_t rung);

// The variants of each rung: eta to one, and at least one.
std::vector<uint32_t> RungSizes(const v1::Sweep& sweep, uint32_t variants);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SWEEP_EXPANSION_H_
