// A StepDevice of this folder's own kernels, run on the CPU by EmulatedGrid; matrix products are plain loops.
// For tests.
#ifndef BONSAI_WORKER_TRAIN_CUDA_EMULATED_DEVICE_H_
#define BONSAI_WORKER_TRAIN_CUDA_EMULATED_DEVICE_H_

#include <memory>

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

std::unique_ptr<StepDevice> CreateEmulatedDevice();

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_EMULATED_DEVICE_H_
