#include "worker/train/validation.h"

#include <vector>

namespace bonsai {

bool Validation::DueAfter(uint64_t steps) const {
  if (source_ == nullptr || steps == 0) return false;
  if (steps == plan_.end_steps) return true;
  const uint32_t every =
      plan_.validate_every_steps > 0 ? plan_.validate_every_steps : plan_.checkpoint_every_steps;
  return every > 0 && steps % every == 0;
}

absl::StatusOr<double> Validation::Measure() {
  const RowShare share = ShareOf(rows_, group_.ranks(), group_.rank());
  std::vector<double> total = {0.0};
  if (share.end > share.begin) {
    const int64_t rows = share.end - share.begin;
    if (absl::Status status = source_->Fill(0, share.begin, rows, &buffer_); !status.ok()) return status;
    total[0] = model_.Loss(buffer_.View());
  }
  if (absl::Status status = group_.Sum(absl::MakeSpan(total)); !status.ok()) return status;
  return total[0] / static_cast<double>(source_->SizeOf(0).targets);
}

}  // namespace bonsai
