// The figures of a finished run as text for people, and its estimate beside what it came to.
//
// Called by the report's page and its JSON. Pure.
#ifndef BONSAI_WORKER_TRAIN_RUN_FIGURES_H_
#define BONSAI_WORKER_TRAIN_RUN_FIGURES_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "worker/train/training_plan.h"
#include "worker/train/training_run.h"

namespace bonsai {

struct FigureRow {
  std::string name, value;
};

struct EstimateRow {
  std::string name;            // "time"
  std::string key;             // "seconds": in JSON
  double predicted_value = 0;  // 0: there was no estimate
  double actual_value = 0;
  std::string predicted, actual;  // as text, with units
  double ratio = 0;               // predicted / actual; 0: not known
};

struct RunFigures {
  std::string summary;  // a sentence
  std::vector<FigureRow> heads, run, model;
  std::vector<EstimateRow> estimate;
  std::string footnote;
};

// The mean loss of the last steps (20, or all) that were not left out; 0 if there are none.
double FinalLoss(absl::Span<const float> losses);

RunFigures FiguresOf(const TrainOutcome& outcome, const TrainingPlan& plan);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RUN_FIGURES_H_
