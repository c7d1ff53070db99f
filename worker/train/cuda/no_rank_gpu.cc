#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "worker/train/cuda/rank_gpu.h"

namespace bonsai {

absl::StatusOr<RankGpu> OpenRankGpu(RankGroup& group, const ParameterLayout&, const LlamaPassOptions&,
                                    const std::string&) {
  if (group.ranks() > 1) {
    // The vote of rank_gpu.cc: another rank's program may have CUDA.
    std::vector<double> votes = {0.0};
    if (absl::Status status = group.Sum(absl::MakeSpan(votes)); !status.ok()) return status;
  }
  return absl::UnavailableError("this program was built without --config=cuda");
}

}  // namespace bonsai
