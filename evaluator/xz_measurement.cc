#include "evaluator/xz_measurement.h"

#include <functional>
#include <memory>
#include <utility>

#include "evaluator/corpus.h"

namespace bonsai {

XzMeasurement::XzMeasurement(RunnerContext& context, std::vector<std::string> texts,
                             std::string reference_field)
    : texts_(std::move(texts)) {
  std::function<absl::StatusOr<std::unique_ptr<DocumentReader>>()> open;
  if (!reference_field.empty())
    open = [&context, reference_field] { return OpenCorpus(context, reference_field); };
  result_ = std::async(std::launch::async, [this, &context, open] {
    return MeasureXz(texts_, open, [this, &context] { return stop_ || context.StopRequested(); });
  });
}

}  // namespace bonsai
