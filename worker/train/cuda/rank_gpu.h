// A task's GPU, ready to be computed on, if this program was built with --config=cuda and the GPU can be
// used; or the one line that says why not. CreateTrainedModel asks for it.
#ifndef BONSAI_WORKER_TRAIN_CUDA_RANK_GPU_H_
#define BONSAI_WORKER_TRAIN_CUDA_RANK_GPU_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "worker/train/cuda/gradient_reducer.h"
#include "worker/train/cuda/resident_model.h"
#include "worker/train/cuda/step_device.h"
#include "worker/train/llama_pass.h"
#include "worker/train/rank_group.h"

namespace bonsai {

struct RankGpu {
  std::unique_ptr<cuda::StepDevice> device;
  // Sums over the ranks' GPUs; null for one rank, or where the group must do it. Destroyed before the device.
  std::unique_ptr<cuda::GradientReducer> reducer;
  cuda::ResidentOptions options;  // for the layout and the options that were asked for
  double peak_flops = 0;          // of dense bfloat16 products, FLOP/s
};

// gpu_id: "GPU-...", as nvidia-smi -L shows it, or "" of a rank without one. All ranks of a group call it,
// those without a GPU or without CUDA too, and agree: where each has a GPU their gradients are summed by
// NCCL, else by the group. Unavailable (no GPU, not built with CUDA, no driver, no such GPU, a rank is gone)
// and Unimplemented (a model or options that this backend has not) say why.
absl::StatusOr<RankGpu> OpenRankGpu(RankGroup& group, const ParameterLayout& layout,
                                    const LlamaPassOptions& options, const std::string& gpu_id);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_CUDA_RANK_GPU_H_
