// What a run trains, wherever it lives: the parameters, their gradient and the optimizer's moments. HostModel
// keeps them in this process and takes any option; DeviceModel on a GPU, where nothing of a step but its rows
// and its loss crosses to the host.
//
// Used by one thread, by all ranks in the same order.
#ifndef BONSAI_WORKER_TRAIN_TRAINED_MODEL_H_
#define BONSAI_WORKER_TRAIN_TRAINED_MODEL_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/train/batch_source.h"
#include "worker/train/flat_range.h"
#include "worker/train/shard_map.h"
#include "worker/train/train_step.h"

namespace bonsai {

class TrainedModel {
 public:
  virtual ~TrainedModel() = default;

  // All parameters, and the moments of this rank's share. Empty moments: as they are, which is 0 until the
  // first update.
  virtual void Restore(std::vector<float> parameters, std::vector<float> moment1,
                       std::vector<float> moment2) = 0;

  // Makes the gradient of the mean loss of step `step`'s batch over all ranks; returns that loss, in nats per
  // target. `next`: the step whose batch will be asked for next, if that is known. Errors: the source's;
  // Unavailable (a rank is gone).
  virtual absl::StatusOr<double> MakeGradient(BatchSource& source, uint64_t step,
                                              std::optional<uint64_t> next) = 0;
  // How long this rank waited for rows since the last call.
  virtual double TakeWaitSeconds() = 0;
  // The gradient's global L2 norm, not finite where a value is not. Unavailable: a rank is gone.
  virtual absl::StatusOr<double> Norm() = 0;
  // Applies update number `update` (from 1) of the gradient, whose norm is finite, as Optimizer::Apply.
  // Unavailable: a rank is gone.
  virtual absl::Status Apply(uint64_t update, float learning_rate, double norm) = 0;
  // The summed loss of other rows, on this rank alone, in nats.
  virtual double Loss(const TokenBatch& batch) = 0;

  // What is read of it stays until a call that changes the model.
  virtual absl::Span<const float> Parameters() = 0;
  struct State {
    absl::Span<const float> parameters, moment1, moment2;
  };
  // With the moments of this rank's share.
  virtual State OwnState() = 0;
  // With all moments, on rank 0; elsewhere with any. The gradient is lost. Unavailable: a rank is gone.
  virtual absl::StatusOr<State> WholeState() = 0;
  // The parameters; nothing else may be asked afterwards.
  virtual std::vector<float> TakeParameters() = 0;

  // Whose share of the moments is which, and this rank's; null and none where every rank has all of them.
  virtual const ShardMap* shards() const = 0;
  virtual const std::optional<std::vector<FlatRange>>& share() const = 0;

  // What this rank's processor can do in matrix products, in FLOP/s.
  virtual double PeakFlops() const = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_TRAINED_MODEL_H_
