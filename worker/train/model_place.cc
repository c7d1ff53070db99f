#include "worker/train/model_place.h"

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/train/cuda/device_model.h"
#include "worker/train/cuda/device_step.h"
#include "worker/train/cuda/rank_gpu.h"
#include "worker/train/host_model.h"

namespace bonsai {
namespace {

template <typename... Parts>
void Log(const Parts&... parts) {
  std::fprintf(stderr, "%s\n", absl::StrCat(parts...).c_str());
}

std::optional<RankGpu> FindGpu(RankGroup& group, const ParameterLayout& layout, const TrainingPlan& plan) {
  // A rank without a GPU is asked too: the ranks agree on how gradients are summed, whatever each has.
  const std::string why = WhyNotOnGpu(plan);
  if (plan.gpu_id.empty() && (group.ranks() == 1 || !why.empty())) return std::nullopt;
  absl::StatusOr<RankGpu> gpu = absl::UnimplementedError(why);
  if (why.empty()) gpu = OpenRankGpu(group, layout, PassOptionsOf(plan), plan.gpu_id);
  if (gpu.ok()) return *std::move(gpu);
  if (!plan.gpu_id.empty()) Log(plan.gpu_id, " is not used, the CPU is: ", gpu.status().message());
  return std::nullopt;
}

}  // namespace

std::unique_ptr<TrainedModel> PlaceModel(RankGroup& group, const ParameterLayout& layout,
                                         const TrainingPlan& plan, int threads, LowRankModel* low_rank) {
  const ParameterLayout& model = low_rank == nullptr ? layout : low_rank->model_layout();
  std::optional<RankGpu> gpu = FindGpu(group, model, plan);
  if (!gpu.has_value()) return std::make_unique<HostModel>(group, layout, plan, threads, low_rank);
  const std::string why = WhyNotResident(plan, group.ranks() == 1 || gpu->reducer != nullptr);
  if (why.empty()) return CreateDeviceModel(group, layout, plan, *std::move(gpu));
  Log("the optimizer stays on the CPU: ", why);
  return std::make_unique<HostModel>(
      group, layout, plan, threads, low_rank,
      cuda::CreateDeviceStep(model, std::move(gpu->device), gpu->options, std::move(gpu->reducer)));
}

}  // namespace bonsai
