// What a trainer needs to go on exactly where it was: parameters, moments, the step, the losses so far. The
// order of samples follows from the seed and the step. Written as an artifact of kind "checkpoint", read back
// by any number of ranks.
//
// Functions without state. SaveCheckpoint is called from a CheckpointWriter's thread.
#ifndef BONSAI_WORKER_TRAIN_CHECKPOINT_H_
#define BONSAI_WORKER_TRAIN_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runner/runner.h"

namespace bonsai {

struct TrainState {
  uint64_t step = 0;  // updates done
  std::vector<float> parameters;
  std::vector<float> moment1;
  std::vector<float> moment2;
  std::vector<float> losses;  // one for each step done, nats per target
};

// `fingerprint` says all that must be the same for a resumed run to be the same run.
absl::Status SaveCheckpoint(RunnerContext& context, absl::string_view fingerprint, const TrainState& state);

// Reads one checkpoint of `parameters` parameters. Errors: NotFound, DataLoss (a blob is missing or damaged);
// FailedPrecondition (another run's, another size).
absl::StatusOr<TrainState> LoadCheckpoint(RunnerContext& context, absl::string_view manifest_id,
                                          absl::string_view fingerprint, uint64_t parameters);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_CHECKPOINT_H_
