#include <cstdio>
#include <cstring>

#include "worker/train/cuda/cuda_device.h"
#include "worker/train/cuda/cuda_memory_device.h"
#include "worker/train/cuda/kernel_device.h"

namespace bonsai::cuda {
namespace {

// As nvidia-smi writes it.
std::string TextOf(const cudaUUID_t& uuid) {
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    char byte[3];
    std::snprintf(byte, sizeof(byte), "%02x", static_cast<unsigned char>(uuid.bytes[i]));
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += byte;
  }
  return text;
}

}  // namespace

bool FindCudaDevice(const std::string& uuid, CudaDeviceFacts* facts, std::string* why) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    cudaGetLastError();
    *why = error == cudaSuccess ? "no CUDA device" : std::string("CUDA: ") + cudaGetErrorString(error);
    return false;
  }
  std::string seen;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, ordinal) != cudaSuccess) {
      cudaGetLastError();  // it is no later call's
      continue;
    }
    const std::string text = TextOf(properties.uuid);
    seen += (seen.empty() ? "" : ", ") + text;
    if (!uuid.empty() && text != uuid) continue;
    *facts = {ordinal,
              properties.name,
              properties.multiProcessorCount,
              static_cast<int64_t>(properties.totalGlobalMem),
              properties.major,
              properties.minor};
    return true;
  }
  *why = "no GPU " + uuid + " among those of the driver: " + seen;
  return false;
}

std::unique_ptr<StepDevice> CreateCudaDevice(const CudaDeviceFacts& facts, bool record, std::string* why) {
  constexpr int kMajorMin = 8;  // bfloat16 in mma.sync and cp.async
  if (facts.major < kMajorMin) {
    *why = facts.name + " has compute capability " + std::to_string(facts.major) + "." +
           std::to_string(facts.minor) + "; 8.0 or later would be valid";
    return nullptr;
  }
  const cudaError_t error = cudaSetDevice(facts.ordinal);
  if (error != cudaSuccess) {
    *why = "cudaSetDevice: " + std::string(cudaGetErrorString(error));
    return nullptr;
  }
  return std::make_unique<KernelDevice<CudaMemoryDevice>>(record);
}

}  // namespace bonsai::cuda
