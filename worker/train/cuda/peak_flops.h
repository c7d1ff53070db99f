// What a GPU can do in dense bfloat16 products: what a run's MFU is a share of. The trainer and check_gpu
// ask.
#ifndef BONSAI_WORKER_TRAIN_CUDA_PEAK_FLOPS_H_
#define BONSAI_WORKER_TRAIN_CUDA_PEAK_FLOPS_H_

#include <string>

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

// What an 8192 x 8192 x 8192 product of bfloat16 does here, in FLOP/s.
double MeasureProductFlops(StepDevice& device);

// NVIDIA's dense rate of the card of this name ("NVIDIA H100 80GB HBM3"), in FLOP/s; of a card that is not
// known, what its own product does.
double PeakFlops(StepDevice& device, const std::string& name);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_PEAK_FLOPS_H_
