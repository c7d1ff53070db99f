#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "worker/train/cuda/gpu_step.h"

namespace bonsai {

absl::StatusOr<std::unique_ptr<TrainStep>> CreateGpuStep(RankGroup& group, const ParameterLayout&,
                                                         const LlamaPassOptions&, const std::string&) {
  if (group.ranks() > 1) {
    // The vote of gpu_step.cc: another rank's program may have CUDA.
    std::vector<double> votes = {0.0};
    if (absl::Status status = group.Sum(absl::MakeSpan(votes)); !status.ok()) return status;
  }
  return absl::UnavailableError("this program was built without --config=cuda");
}

}  // namespace bonsai
