// A model that is trained where it lives, on a device: ResidentModel behind TrainedModel. The host hands in
// rows, a step ahead, and reads what checkpoints and the end of a run need. Every rank has all moments.
#ifndef BONSAI_WORKER_TRAIN_CUDA_DEVICE_MODEL_H_
#define BONSAI_WORKER_TRAIN_CUDA_DEVICE_MODEL_H_

#include <memory>
#include <string>

#include "worker/train/cuda/rank_gpu.h"
#include "worker/train/optimizer_settings.h"
#include "worker/train/rank_group.h"
#include "worker/train/trained_model.h"
#include "worker/train/training_plan.h"

namespace bonsai {

// Why the optimizer of such a run stays on the CPU, though its gradients are a GPU's; "" if it need not.
// `sums_alone`: the GPUs' gradients are summed by NCCL, or there is one rank.
std::string WhyNotResident(const TrainingPlan& plan, bool sums_alone);

// `group`, `layout` and `plan` outlive it. WhyNotResident is "".
std::unique_ptr<TrainedModel> CreateDeviceModel(RankGroup& group, const ParameterLayout& layout,
                                                const TrainingPlan& plan, RankGpu gpu);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_CUDA_DEVICE_MODEL_H_
