// Validates a pipeline as a whole before anything of it is stored: names, kinds, references, cycles, bounds,
// tracks.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_PIPELINE_CHECK_H_
#define BONSAI_COORDINATOR_SCHEDULER_PIPELINE_CHECK_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/report.pb.h"

namespace bonsai {

struct CheckedPipeline {
  v1::Pipeline pipeline;  // expanded (split_expansion.h): what PipelineSubmitted takes
  std::vector<std::vector<v1::ResolvedInput>> inputs;  // as in PipelineSubmitted, one entry per job of it
  std::vector<std::string> order;                      // job names, every job after all that it waits for
};

// What the check may ask about the world.
struct PipelineCheckContext {
  // The kind of an artifact that is in the store, by its full id.
  std::function<std::optional<std::string>(absl::string_view artifact_id)> artifact_kind;
  std::vector<v1::Track> tracks;
  bool schedule = false;  // the pipeline is a schedule's: "@last:<job>" has a meaning (last_outputs.h)
};

// InvalidArgument names the job, the field, the value and what would be valid. All problems that can be told
// at once are in the message, one per line.
absl::StatusOr<CheckedPipeline> CheckPipeline(const v1::Pipeline& pipeline,
                                              const PipelineCheckContext& context);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_PIPELINE_CHECK_H_
