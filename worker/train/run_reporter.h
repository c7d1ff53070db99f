// Says how a run goes: samples and progress for people and dashboards, and the points of its report's curves.
// Only rank 0 says anything; the others count, which costs nothing.
//
// Used by the training thread.
#ifndef BONSAI_WORKER_TRAIN_RUN_REPORTER_H_
#define BONSAI_WORKER_TRAIN_RUN_REPORTER_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "runner/runner.h"
#include "worker/train/run_estimate.h"
#include "worker/train/run_meter.h"
#include "worker/train/run_record.h"
#include "worker/train/training_plan.h"

namespace bonsai {

// Of the last step.
struct StepFigures {
  uint64_t step = 0;  // steps taken
  double loss = 0;
  double gradient_norm = 0;
  double learning_rate = 0;
  std::optional<double> validation_loss;  // if it was asked for after this step
};

class RunReporter {
 public:
  // `record` is what the attempts before remember. All outlive this.
  RunReporter(RunnerContext& context, bool speaks, const TrainingPlan& plan, const RunShape& shape,
              RunRecord& record, const RunMeter& meter);

  void CountStep(const StepCost& cost);
  void CountSkip() { ++skipped_; }
  // The run goes back to where it had read so many tokens.
  void CountRewind(uint64_t tokens) { meter_.GoBack(tokens); }

  // Reports a step if one is due: about a thousand over the run, those with a validation, and the last.
  void Report(const StepFigures& figures);

  // Brings the record's seconds and memory up to now.
  void NoteTime();

  uint64_t tokens() const { return meter_.tokens(); }

 private:
  // Once the speed of the first steps is known: how long the whole run should take.
  void Predict(absl::Time now);

  RunnerContext& context_;
  const bool speaks_;
  const TrainingPlan& plan_;
  const RunShape& shape_;
  RunRecord& record_;
  RunMeter meter_;
  const uint64_t sample_every_;
  const double seconds_before_, wait_before_;  // this attempt
  uint64_t steps_taken_ = 0;                   // in this attempt, those that were undone among them
  uint64_t skipped_ = 0;                       // updates, in this attempt
  // Where the measurement of the speed began: after the first step, which makes kernels and touches memory.
  absl::Time measured_from_ = absl::InfiniteFuture();
  uint64_t measured_tokens_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RUN_REPORTER_H_
