// The parameters of the lowest validation loss so far, for a run whose model they become. They are part of
// each checkpoint (best.f32, one blob for as long as they stay the best): so whichever checkpoint a run
// resumes from, it has the best of what came before, and no policy of keeping checkpoints can take it away.
//
// Used by the training thread. The parameters themselves never change once they are handed out, so that a
// checkpoint's thread may read them.
#ifndef BONSAI_WORKER_TRAIN_BEST_MODEL_H_
#define BONSAI_WORKER_TRAIN_BEST_MODEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "worker/train/run_record.h"

namespace bonsai {

using SharedParameters = std::shared_ptr<const std::vector<float>>;

class BestModel {
 public:
  // `keeps_parameters`: else only the step and the loss are kept, as ranks do that publish nothing.
  explicit BestModel(bool keeps_parameters) : keeps_parameters_(keeps_parameters) {}

  // As a checkpoint had it; both empty where there was no validation before.
  void Restore(std::optional<RunRecord::Validation> best, SharedParameters parameters);

  // Takes these parameters if their loss is a number, and lower than every one before. Of equal ones the
  // first stays.
  void Offer(const RunRecord::Validation& validation, absl::Span<const float> parameters);

  const std::optional<RunRecord::Validation>& best() const { return best_; }
  const SharedParameters& parameters() const { return parameters_; }  // null: none

 private:
  const bool keeps_parameters_;
  std::optional<RunRecord::Validation> best_;
  SharedParameters parameters_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_BEST_MODEL_H_
