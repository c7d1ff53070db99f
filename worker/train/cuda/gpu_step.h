// A training step on a task's GPU, if this program was built with --config=cuda and the GPU can be used; or
// the one line that says why not. BatchGradient asks for it.
#ifndef BONSAI_WORKER_TRAIN_CUDA_GPU_STEP_H_
#define BONSAI_WORKER_TRAIN_CUDA_GPU_STEP_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "worker/train/llama_pass.h"
#include "worker/train/rank_group.h"
#include "worker/train/train_step.h"

namespace bonsai {

// gpu_id: "GPU-...", as nvidia-smi -L shows it, or "" of a rank without one. `group` and `layout` outlive the
// step. All ranks of a group call it, those without a GPU or without CUDA too, and agree: where each has a
// GPU their gradients are summed by NCCL, else by the group. Unavailable (no GPU, not built with CUDA, no
// driver, no such GPU, a rank is gone) and Unimplemented (a model or options that this backend has not) say
// why.
absl::StatusOr<std::unique_ptr<TrainStep>> CreateGpuStep(RankGroup& group, const ParameterLayout& layout,
                                                         const LlamaPassOptions& options,
                                                         const std::string& gpu_id);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_CUDA_GPU_STEP_H_
