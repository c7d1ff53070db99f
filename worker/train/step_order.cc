#include "worker/train/step_order.h"

namespace bonsai {

StepOrder::StepOrder(const std::vector<Rewind>& rewinds) {
  for (const Rewind& rewind : rewinds) Add(rewind);
}

void StepOrder::Add(const Rewind& rewind) {
  // Step `to` reads what follows on the last batch that was read, which is the bad step's.
  const uint64_t shift = rewind.from + 1 + ShiftAt(rewind.from) - rewind.to;
  while (!stretches_.empty() && stretches_.back().first >= rewind.to) stretches_.pop_back();
  stretches_.push_back({rewind.to, shift});
}

uint64_t StepOrder::BatchOf(uint64_t step) const { return step + ShiftAt(step); }

uint64_t StepOrder::ShiftAt(uint64_t step) const {
  uint64_t shift = 0;
  for (const Stretch& stretch : stretches_) {
    if (stretch.first > step) break;
    shift = stretch.shift;
  }
  return shift;
}

}  // namespace bonsai
