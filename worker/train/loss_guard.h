// Watches a run's losses: which updates are to be left out, and when to give up. The same on every rank, and
// after a resume, for it knows nothing but the losses of the steps so far, where a step that was left out has
// NaN.
//
// Pure; used by one thread.
#ifndef BONSAI_WORKER_TRAIN_LOSS_GUARD_H_
#define BONSAI_WORKER_TRAIN_LOSS_GUARD_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bonsai/v1/spec.pb.h"

namespace bonsai {

class LossGuard {
 public:
  // `guard` has been validated (training_plan.h).
  explicit LossGuard(const v1::Guard& guard) : guard_(guard) {}

  // What is wrong with a step of this loss (nats per target) and this norm of the gradient after steps with
  // `losses`: "" if nothing, else "the loss is nan".
  std::string Complaint(double loss, double norm, absl::Span<const float> losses) const;

  // Whether the step that was complained of may be left out: its action is SKIP, and not too many were before
  // it in a row. FailedPrecondition says which of the two is the matter.
  absl::Status MaySkip(absl::Span<const float> losses) const;

  // Whether the run may go back instead, having gone back `rewinds` times: as above, for the action REWIND.
  absl::Status MayRewind(size_t rewinds) const;

  bool rewinds() const { return guard_.action() == v1::Guard::REWIND; }

 private:
  const v1::Guard guard_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_LOSS_GUARD_H_
