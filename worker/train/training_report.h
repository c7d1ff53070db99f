// What a finished run says of itself: the report.json of its model. Pure.
#ifndef BONSAI_WORKER_TRAIN_TRAINING_REPORT_H_
#define BONSAI_WORKER_TRAIN_TRAINING_REPORT_H_

#include <string>

#include "absl/types/span.h"
#include "bonsai/v1/artifact.pb.h"
#include "worker/train/training_plan.h"
#include "worker/train/training_run.h"

namespace bonsai {

// The mean loss of the last steps (20, or all); 0 if there are none.
double FinalLoss(absl::Span<const float> losses);

// JSON: kind, steps, tokens_seen, final_loss, validation_loss if there is one, and "loss", at most 1000
// points, each the mean of steps_per_point steps.
std::string WriteTrainingReport(const TrainOutcome& outcome, const TrainingPlan& plan);

// The same figures without the curve, as properties of the model.
void AddTrainingProperties(const TrainOutcome& outcome, v1::Manifest& manifest);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_TRAINING_REPORT_H_
