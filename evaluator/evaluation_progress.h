// Progress of an evaluation over all its suites together, with the time that is left, for people: at most
// twice a second. Used by the evaluation runner; one thread at a time.
#ifndef BONSAI_EVALUATOR_EVALUATION_PROGRESS_H_
#define BONSAI_EVALUATOR_EVALUATION_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

class EvaluationProgress {
 public:
  // `total` requests are to be answered. The context outlives this.
  EvaluationProgress(RunnerContext& context, uint64_t total) : context_(context), total_(total) {}

  // `done` of them are: at the first call, what was known before this run, which says nothing of its speed.
  // Cancelled if the runner is asked to stop.
  absl::Status Update(uint64_t done);

 private:
  RunnerContext& context_;
  const uint64_t total_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_;
  std::optional<uint64_t> known_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_EVALUATION_PROGRESS_H_
