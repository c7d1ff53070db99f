#include "worker/train/cuda/rank_gpu.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/train/cuda/cuda_device.h"
#include "worker/train/cuda/nccl_reducer.h"
#include "worker/train/cuda/pass_memory.h"
#include "worker/train/cuda/peak_flops.h"

namespace bonsai {
namespace {

constexpr char kIdPrefix[] = "id ";

absl::StatusOr<std::unique_ptr<cuda::StepDevice>> OpenDevice(const ParameterLayout& layout,
                                                             const std::string& gpu_id,
                                                             cuda::CudaDeviceFacts& facts) {
  if (gpu_id.empty()) return absl::UnavailableError("this rank has no GPU");
  std::string why = cuda::WhyNotOnDevice(layout.config());
  if (!why.empty()) return absl::UnimplementedError(why);
  if (!cuda::FindCudaDevice(gpu_id, &facts, &why)) return absl::UnavailableError(why);
  std::unique_ptr<cuda::StepDevice> device = cuda::CreateCudaDevice(facts, /*record=*/true, &why);
  if (device == nullptr) return absl::UnavailableError(why);
  std::fprintf(stderr, "gradients are made on %s\n", facts.name.c_str());
  return device;
}

absl::StatusOr<bool> AllSay(RankGroup& group, bool yes) {
  std::vector<double> votes = {yes ? 1.0 : 0.0};
  if (absl::Status status = group.Sum(absl::MakeSpan(votes)); !status.ok()) return status;
  return votes[0] == static_cast<double>(group.ranks());
}

// The sums over all ranks' GPUs; null where one of them has none, or NCCL does not bring them together.
// `device` may be null. Every rank comes to the same.
absl::StatusOr<std::unique_ptr<cuda::GradientReducer>> MeetRanks(RankGroup& group, cuda::StepDevice* device) {
  const absl::StatusOr<bool> all = AllSay(group, device != nullptr);
  if (!all.ok()) return all.status();
  if (!*all) return nullptr;
  std::string why;
  const std::string own = group.rank() == 0 ? cuda::MakeNcclId(&why) : "";
  const absl::StatusOr<std::string> id = group.FromRankZero("nccl", absl::StrCat(kIdPrefix, own));
  if (!id.ok()) return id.status();
  std::unique_ptr<cuda::GradientReducer> reducer =
      cuda::CreateNcclReducer(*device, id->substr(sizeof(kIdPrefix) - 1), group.rank(), group.ranks(), &why);
  const absl::StatusOr<bool> met = AllSay(group, reducer != nullptr);
  if (!met.ok()) return met.status();
  if (*met) return reducer;
  std::fprintf(stderr, "gradients are summed without NCCL%s%s\n", why.empty() ? "" : ": ", why.c_str());
  return nullptr;
}

}  // namespace

absl::StatusOr<RankGpu> OpenRankGpu(RankGroup& group, const ParameterLayout& layout,
                                    const LlamaPassOptions& options, const std::string& gpu_id) {
  cuda::CudaDeviceFacts facts;
  absl::StatusOr<std::unique_ptr<cuda::StepDevice>> device = OpenDevice(layout, gpu_id, facts);
  RankGpu gpu;
  if (group.ranks() > 1) {
    absl::StatusOr<std::unique_ptr<cuda::GradientReducer>> met =
        MeetRanks(group, device.ok() ? device->get() : nullptr);
    if (!met.ok()) return met.status();
    gpu.reducer = *std::move(met);
  }
  if (!device.ok()) return device.status();
  gpu.device = *std::move(device);
  gpu.options.z_loss = options.z_loss;
  if (options.precision == v1::BF16) gpu.options.program.type = cuda::CellType::kBf16;
  gpu.options.pass_positions = cuda::PassPositions(layout.config(), gpu.options.program, facts.memory_bytes);
  gpu.peak_flops = cuda::PeakFlops(*gpu.device, facts.name);
  return gpu;
}

}  // namespace bonsai
