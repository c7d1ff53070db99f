// Whole training steps of a device against HostDevice's: losses, gradients, and where a few updates lead.
// check_gpu runs it on a GPU; a test over the emulated kernels.
#ifndef BONSAI_WORKER_TRAIN_CUDA_STEP_CHECK_H_
#define BONSAI_WORKER_TRAIN_CUDA_STEP_CHECK_H_

#include <cstdint>
#include <vector>

#include "edge_runtime/model/config.h"
#include "worker/train/cuda/device_check.h"
#include "worker/train/cuda/gradient_reducer.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

// A model's first parameters: norms 1, matrices uniform with the deviation 0.02.
std::vector<float> InitialParameters(const edge::ModelConfig& config, uint64_t seed);

// Small shapes: tied and not, shared keys and not, AdamW and Muon, f32 and bfloat16, several passes and
// chunks; and that a step done twice gives the same bits.
std::vector<CheckResult> CheckSteps(StepDevice& device);

// Sums over one rank alone change nothing, however often they are made. NCCL answers a group of one without a
// kernel of its own: this shows the calls and their order, not the sums.
CheckResult CheckLoneReducer(StepDevice& device, GradientReducer& reducer);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_STEP_CHECK_H_
