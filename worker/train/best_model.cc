#include "worker/train/best_model.h"

#include <cmath>
#include <utility>

namespace bonsai {

void BestModel::Restore(std::optional<RunRecord::Validation> best, SharedParameters parameters) {
  best_ = best;
  parameters_ = keeps_parameters_ ? std::move(parameters) : nullptr;
}

void BestModel::Offer(const RunRecord::Validation& validation, absl::Span<const float> parameters) {
  if (!std::isfinite(validation.loss) || (best_ && validation.loss >= best_->loss)) return;
  best_ = validation;
  if (!keeps_parameters_) return;
  parameters_ = std::make_shared<const std::vector<float>>(parameters.begin(), parameters.end());
}

}  // namespace bonsai
