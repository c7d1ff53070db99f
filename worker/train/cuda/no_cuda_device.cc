#include "worker/train/cuda/cuda_device.h"

namespace bonsai::cuda {

bool FindCudaDevice(const std::string&, CudaDeviceFacts*, std::string* why) {
  *why = "this program was built without CUDA";
  return false;
}

std::unique_ptr<StepDevice> CreateCudaDevice(const CudaDeviceFacts&, bool, std::string* why) {
  *why = "this program was built without CUDA";
  return nullptr;
}

}  // namespace bonsai::cuda
