// The contract of StepDevice: each operation of a device against HostDevice's, on values made from a seed. A
// test runs it over the emulated kernels, check_gpu over a GPU.
#ifndef BONSAI_WORKER_TRAIN_CUDA_DEVICE_CHECK_H_
#define BONSAI_WORKER_TRAIN_CUDA_DEVICE_CHECK_H_

#include <string>
#include <vector>

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

struct CheckResult {
  std::string name;
  double error;  // |got - want| / |want| (L2), the largest over the operation's buffers
  double tolerance;

  bool passed() const { return error <= tolerance; }  // NaN does not
};

// Some tens of operations and shapes; seconds in the emulation.
std::vector<CheckResult> CheckOperations(StepDevice& device);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_DEVICE_CHECK_H_
