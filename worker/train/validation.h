// The held-out loss of a run's parameters, and after which steps it is asked for.
//
// Used by one thread, by all ranks in the same order.
#ifndef BONSAI_WORKER_TRAIN_VALIDATION_H_
#define BONSAI_WORKER_TRAIN_VALIDATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "worker/train/batch_source.h"
#include "worker/train/rank_group.h"
#include "worker/train/trained_model.h"
#include "worker/train/training_plan.h"

namespace bonsai {

class Validation {
 public:
  // `source`: null where nothing is held out; else the rows are the first `rows` of its step 0. All outlive
  // this.
  Validation(const TrainingPlan& plan, RankGroup& group, TrainedModel& model, BatchSource* source,
             int64_t rows)
      : plan_(plan), group_(group), model_(model), source_(source), rows_(rows) {}

  // Whether the spec wants it after so many steps: each validation.every_steps, or with each checkpoint; and
  // at the end of the run.
  bool DueAfter(uint64_t steps) const;

  // Of the parameters as they are, in nats per target. Errors: the source's; Unavailable (a rank is
  // gone).
  absl::StatusOr<double> Measure();

 private:
  const TrainingPlan& plan_;
  RankGroup& group_;
  TrainedModel& model_;
  BatchSource* const source_;
  const int64_t rows_;
  RowBuffer buffer_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_VALIDATION_H_
