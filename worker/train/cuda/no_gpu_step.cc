#include "absl/status/status.h"
#include "worker/train/cuda/gpu_step.h"

namespace bonsai {

absl::StatusOr<std::unique_ptr<TrainStep>> CreateGpuStep(RankGroup&, const ParameterLayout&,
                                                         const LlamaPassOptions&, const std::string&) {
  return absl::UnavailableError("this program was built without --config=cuda");
}

}  // namespace bonsai
