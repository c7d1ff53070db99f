// A training step on a device, behind TrainStep: parameters come from the host and gradients go back there,
// so that optimizer and checkpoints stay what they are. That costs a copy of 4 bytes a parameter each
// way and an update on the CPU; a run that wants the GPU's speed keeps all of it there (ResidentModel).
#ifndef BONSAI_WORKER_TRAIN_CUDA_DEVICE_STEP_H_
#define BONSAI_WORKER_TRAIN_CUDA_DEVICE_STEP_H_

#include <memory>

#include "worker/train/cuda/resident_model.h"
#include "worker/train/train_step.h"

namespace bonsai::cuda {

// `layout` outlives the step; WhyNotOnDevice of its config is "". With a reducer, whose device this is, the
// gradients are those of all ranks.
std::unique_ptr<TrainStep> CreateDeviceStep(const ParameterLayout& layout, std::unique_ptr<StepDevice> device,
                                            const ResidentOptions& options = {},
                                            std::unique_ptr<GradientReducer> reducer = nullptr);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_DEVICE_STEP_H_
