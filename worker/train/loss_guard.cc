#include "worker/train/loss_guard.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kMeanSteps = 50;
constexpr uint32_t kSkipsDefault = 10;
constexpr uint32_t kRewindsDefault = 3;

// The mean of the last losses that counted; not finite where there are not enough.
double RecentMean(absl::Span<const float> losses) {
  double sum = 0;
  size_t count = 0;
  for (size_t i = losses.size(); i > 0 && count < kMeanSteps; --i) {
    if (std::isnan(losses[i - 1])) continue;
    sum += losses[i - 1];
    ++count;
  }
  return count < kMeanSteps ? INFINITY : sum / kMeanSteps;
}

}  // namespace

std::string LossGuard::Complaint(double loss, double norm, absl::Span<const float> losses) const {
  if (!std::isfinite(loss)) return absl::StrCat("the loss is ", loss);
  if (!std::isfinite(norm)) return absl::StrCat("the gradient's norm is ", norm);
  if (guard_.spike_factor() == 0) return "";
  const double mean = RecentMean(losses);
  if (!(loss > double{guard_.spike_factor()} * mean)) return "";
  return absl::StrCat("the loss is ", loss, ", above ", guard_.spike_factor(), " times ", mean,
                      ", the mean of the ", kMeanSteps, " before");
}

absl::Status LossGuard::MaySkip(absl::Span<const float> losses) const {
  if (guard_.action() != v1::Guard::SKIP) return absl::FailedPreconditionError("guard.action is STOP");
  const uint32_t most = guard_.skips_max() == 0 ? kSkipsDefault : guard_.skips_max();
  size_t skipped = 0;
  while (skipped < losses.size() && std::isnan(losses[losses.size() - 1 - skipped])) ++skipped;
  if (skipped < most) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("guard.skips_max, ", most, ", were left out in a row"));
}

absl::Status LossGuard::MayRewind(size_t rewinds) const {
  if (!this->rewinds()) return absl::FailedPreconditionError("guard.action is not REWIND");
  const uint32_t most = guard_.rewinds_max() == 0 ? kRewindsDefault : guard_.rewinds_max();
  if (rewinds < most) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("guard.rewinds_max, ", most, ", were made before it"));
}

}  // namespace bonsai
