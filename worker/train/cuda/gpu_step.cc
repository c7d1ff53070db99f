#include "worker/train/cuda/gpu_step.h"

#include <cstdio>
#include <utility>

#include "absl/status/status.h"
#include "worker/train/cuda/cuda_device.h"
#include "worker/train/cuda/device_step.h"

namespace bonsai {

absl::StatusOr<std::unique_ptr<TrainStep>> CreateGpuStep(const ParameterLayout& layout,
                                                         const LlamaPassOptions& options,
                                                         const std::string& gpu_id) {
  std::string why = cuda::WhyNotOnDevice(layout.config());
  if (!why.empty()) return absl::UnimplementedError(why);
  cuda::CudaDeviceFacts facts;
  if (!cuda::FindCudaDevice(gpu_id, &facts, &why)) return absl::UnavailableError(why);
  std::unique_ptr<cuda::StepDevice> device = cuda::CreateCudaDevice(facts, /*record=*/true, &why);
  if (device == nullptr) return absl::UnavailableError(why);
  cuda::ResidentOptions resident;
  resident.z_loss = options.z_loss;
  if (options.precision == v1::BF16) resident.program.type = cuda::CellType::kBf16;
  std::fprintf(stderr, "training on %s\n", facts.name.c_str());
  return cuda::CreateDeviceStep(layout, std::move(device), resident);
}

}  // namespace bonsai
