// Where a run's model lives: on the task's GPU, if there is one that can take it and its optimizer; else in
// memory, with gradients from the GPU where that can be. TrainModel asks, once.
#ifndef BONSAI_WORKER_TRAIN_MODEL_PLACE_H_
#define BONSAI_WORKER_TRAIN_MODEL_PLACE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "worker/train/low_rank_model.h"
#include "worker/train/rank_group.h"
#include "worker/train/trained_model.h"
#include "worker/train/training_plan.h"

namespace bonsai {

// All ranks call it, and come to the same. All but `low_rank`, which may be null, is needed as long as the
// model. With `low_rank`, `layout` is its adapters'. One line of the log says why a GPU that the plan names
// is not used.
std::unique_ptr<TrainedModel> PlaceModel(RankGroup& group, const ParameterLayout& layout,
                                         const TrainingPlan& plan, int threads, LowRankModel* low_rank);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_MODEL_PLACE_H_
