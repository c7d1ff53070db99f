// Causal attention and its gradient over host memory, row by row: HostDevice's.
#ifndef BONSAI_WORKER_TRAIN_CUDA_HOST_ATTENTION_H_
#define BONSAI_WORKER_TRAIN_CUDA_HOST_ATTENTION_H_

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

// As StepDevice::Attend.
void HostAttend(const AttentionSizes& sizes, Cells qkv, Cells out, float* log_sum);

// As StepDevice::AttendGradient.
void HostAttendGradient(const AttentionSizes& sizes, Cells qkv, Cells out, const float* log_sum, Cells d_out,
                        Cells d_qkv);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_HOST_ATTENTION_H_
