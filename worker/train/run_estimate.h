// What a training run will cost, said before it begins: tokens, FLOPs, time, memory, money. From its plan,
// its shape and one measured figure, the speed of this machine.
//
// Called by `bonsai estimate` and by the trainer, whose report puts what happened beside it. Pure.
#ifndef BONSAI_WORKER_TRAIN_RUN_ESTIMATE_H_
#define BONSAI_WORKER_TRAIN_RUN_ESTIMATE_H_

#include <cstdint>

#include "edge_runtime/model/config.h"
#include "worker/train/training_plan.h"

namespace bonsai {

// What of a run decides what it costs, beside its plan.
struct RunShape {
  edge::ModelConfig config;
  int64_t parameters = 0;
  int64_t trained_parameters = 0;  // 0: all
  int64_t positions = 0;           // of a row
  int ranks = 1;
  int threads = 1;              // of a rank
  uint64_t tokens = 0;          // that it reads; 0: as many as its rows have positions
  int64_t validation_rows = 0;  // of each validation; 0: none
};

struct RunEstimate {
  uint64_t tokens = 0;             // to train on
  uint64_t validation_tokens = 0;  // over all validations
  double flops = 0;                // of the training, without what is computed again
  double seconds = 0;       // of all ranks together, from the first step to the last; 0: no speed is known
  double memory_bytes = 0;  // of one rank, at its peak, without the pages of mapped inputs
  double checkpoint_bytes = 0;  // of one checkpoint
};

// FLOPs for a token of a row of so many positions: 6 N + 12 layers x width x positions, N without an
// embedding that is only looked up, and with weights that serve several layers once for each (Kaplan et al.
// 2020; Chowdhery et al. 2022). Attention counts as if it were not causal, as is the custom.
double TokenFlops(const edge::ModelConfig& config, double positions);

// `tokens_per_second`: of all ranks together, in training; 0: not known. A validation's token costs a third
// of a training token, for it is a forward pass alone.
RunEstimate EstimateRun(const TrainingPlan& plan, const RunShape& shape, double tokens_per_second);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RUN_ESTIMATE_H_
