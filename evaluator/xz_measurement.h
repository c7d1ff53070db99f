// What xz needs for held-out text, measured on a thread of its own while the model answers. Used by the
// evaluation runner; one thread at a time. Destroying it stops the measurement.
#ifndef BONSAI_EVALUATOR_XZ_MEASUREMENT_H_
#define BONSAI_EVALUATOR_XZ_MEASUREMENT_H_

#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/xz_size.h"
#include "runner/runner.h"

namespace bonsai {

class XzMeasurement {
 public:
  // `reference_field`: the spec field that names the text before it; empty where there is none. The context
  // outlives this.
  XzMeasurement(RunnerContext& context, std::vector<std::string> texts, std::string reference_field);
  ~XzMeasurement() { stop_ = true; }

  // Once.
  absl::StatusOr<XzFigures> Wait() { return result_.get(); }

 private:
  const std::vector<std::string> texts_;
  std::atomic<bool> stop_ = false;
  std::future<absl::StatusOr<XzFigures>> result_;  // last: its destructor waits for the thread
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_XZ_MEASUREMENT_H_
