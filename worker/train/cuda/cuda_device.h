// A StepDevice on an NVIDIA GPU (compute capability 8.0 or later): this folder's kernels, cuBLASLt's
// products, a stream for the work and one for the batches that come. Includes no CUDA header, so that who
// calls it need not be built with the toolkit.
#ifndef BONSAI_WORKER_TRAIN_CUDA_CUDA_DEVICE_H_
#define BONSAI_WORKER_TRAIN_CUDA_CUDA_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

struct CudaDeviceFacts {
  int ordinal = 0;
  std::string name;  // "NVIDIA H100 80GB HBM3"
  int multiprocessors = 0;
  int64_t memory_bytes = 0;
  int major = 0, minor = 0;  // compute capability
};

// The GPU with this UUID ("GPU-..."), or the first if it is "". False if there is none: *why says why.
bool FindCudaDevice(const std::string& uuid, CudaDeviceFacts* facts, std::string* why);

// Null if the device cannot be used: *why says why. The calling thread's current device becomes this one, and
// calls must come from it. With `record`, Repeat records CUDA graphs.
std::unique_ptr<StepDevice> CreateCudaDevice(const CudaDeviceFacts& facts, bool record, std::string* why);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_CUDA_DEVICE_H_
