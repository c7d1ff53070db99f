// What a pretrain and an sft job have in common: optimizer, schedule, steps, batches, checkpoints.
//
// Made by both runners, read by TrainingRun. Functions without state.
#ifndef BONSAI_WORKER_TRAIN_TRAINING_PLAN_H_
#define BONSAI_WORKER_TRAIN_TRAINING_PLAN_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/runner.pb.h"
#include "bonsai/v1/spec.pb.h"

namespace bonsai {

// How long a rank waits for one that hangs; one that died is noticed at once.
inline constexpr absl::Duration kRankTimeout = absl::Minutes(5);
// A step's positions over all ranks: bounds the memory that a spec can ask for.
inline constexpr uint64_t kBatchPositionsMax = uint64_t{1} << 28;

struct TrainingPlan {
  std::string kind;  // "pretrain": begins the names of spec fields in errors
  v1::Optimizer optimizer;
  v1::Schedule schedule;
  uint32_t steps = 0;            // that the schedule spans
  uint32_t end_steps = 0;        // the run ends after these: all of them, or where another job goes on
  uint32_t batch_sequences = 0;  // per step, over all ranks
  v1::BatchRamp ramp;
  float z_loss = 0;
  v1::Precision precision = v1::F32;
  uint32_t width_transfer_dim = 0;  // 0: the same rates for every width
  v1::Guard guard;
  uint32_t gradient_parts = 0;  // 0: the sum in the fastest order
  bool shard_optimizer = false;
  uint32_t seq_len = 0;  // 0: the model's
  uint64_t seed = 0;
  uint32_t checkpoint_every_steps = 0;  // 0: only when asked to leave
  uint32_t validate_every_steps = 0;    // 0: with each checkpoint
  bool keep_best = false;               // the model is that of the lowest validation loss
  std::string gpu_id;                   // this rank's first GPU, or ""
  std::string fingerprint;              // of all that makes this run this run
};

// The plan of a pretrain or sft task. InvalidArgument names the field, its value and what would be valid.
absl::StatusOr<TrainingPlan> PlanOf(const v1::Task& task);

// Why a plan's gradients are made on the CPU though the rank has a GPU, or "".
std::string WhyNotOnGpu(const TrainingPlan& plan);

// The positions of a row: seq_len, or else `longest`, which `longest_name` names in errors. InvalidArgument
// if seq_len is above that, or if a batch would have more than kBatchPositionsMax positions.
absl::StatusOr<uint32_t> PositionsOf(const TrainingPlan& plan, uint32_t longest,
                                     absl::string_view longest_name);

// The rows of a step that a rank computes: begin up to end. Every row is one rank's, none has more than one
// row more than another.
struct RowShare {
  int64_t begin = 0;
  int64_t end = 0;
};
RowShare ShareOf(int64_t rows, int ranks, int rank);

// Where a gradient is summed in a tree over `parts` parts, a power of two: the ranks that compute it, the
// first 2^k, and the parts of each, an aligned subtree; the others have none.
int WorkingRanks(uint32_t parts, int ranks);
RowShare PartsOf(uint32_t parts, int ranks, int rank);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_TRAINING_PLAN_H_
