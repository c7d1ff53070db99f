// What a finished run says of itself: report.json, cost.json and report.html of its model, and its
// properties.
//
// Called by the runners. Functions without state.
#ifndef BONSAI_WORKER_TRAIN_TRAINING_REPORT_H_
#define BONSAI_WORKER_TRAIN_TRAINING_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "bonsai/v1/artifact.pb.h"
#include "runner/runner.h"
#include "worker/train/training_plan.h"
#include "worker/train/training_run.h"

namespace bonsai {

// What it learned, the same bytes for the same run, however often it was interrupted. JSON: kind, steps,
// model_step (that of the model's parameters: the last, or that of the best validation), tokens_seen,
// final_loss (training's, the mean of the last 20 steps), validation_loss (the model's) and validations
// ([step, loss] each) if there are any, updates_skipped, rewinds ({from, to} each), and "loss", at most 1000
// points, each the mean of steps_per_point steps.
std::string WriteTrainingReport(const TrainOutcome& outcome, const TrainingPlan& plan);

// What it cost. JSON: attempts, seconds, data_wait_seconds, peak_memory_bytes (of rank 0), and "estimate": of
// seconds, memory_bytes, tokens and flops what was predicted, what it came to, and predicted / actual.
std::string WriteCostReport(const TrainOutcome& outcome, const TrainingPlan& plan);

// Adds report.json, cost.json and report.html (report_page.h) to the model, and as properties: steps,
// model_step, tokens_seen, final_loss, validation_loss.
absl::Status AddTrainingReport(RunnerContext& context, const TrainOutcome& outcome, const TrainingPlan& plan,
                               v1::Manifest& manifest);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_TRAINING_REPORT_H_
