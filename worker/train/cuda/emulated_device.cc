#include "worker/train/cuda/emulated_device.h"

#include "worker/train/cuda/host_device.h"
#include "worker/train/cuda/kernel_device.h"

namespace bonsai::cuda {

std::unique_ptr<StepDevice> CreateEmulatedDevice() {
  return std::make_unique<KernelDevice<HostMemoryDevice>>();
}

}  // namespace bonsai::cuda
