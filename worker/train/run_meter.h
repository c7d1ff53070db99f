// What a training run costs, and what it makes of that: tokens, time lost to checkpoints and to data, the
// share of the processor's products. Rank 0 reports it with its samples.
//
// Used by one thread; time is passed in.
#ifndef BONSAI_WORKER_TRAIN_RUN_METER_H_
#define BONSAI_WORKER_TRAIN_RUN_METER_H_

#include <cstdint>

#include "absl/time/time.h"
#include "worker/train/checkpoint.h"
#include "worker/train/parameter_layout.h"

namespace bonsai {

// Of all ranks.
struct StepCost {
  uint64_t tokens = 0;
  uint64_t positions = 0;  // of a document, on average
  double checkpoint_stall_seconds = 0;
  double data_wait_seconds = 0;
};

class RunMeter {
 public:
  // `peak_flops`: what all ranks' processors can do in matrix products, in FLOP/s. `tokens` were read in the
  // attempts before.
  RunMeter(const ParameterLayout& layout, double peak_flops, uint64_t tokens, absl::Time now);

  void Count(const StepCost& cost);

  // tokens (of the run), tokens_per_second (since the last call), model_flops_utilization (likewise: 6 N + 12
  // layers x width x positions for a token, N without an embedding that is only looked up; Chowdhery et al.
  // 2022), memory_bytes (the most that this process had), and of this attempt checkpoint_stall_seconds,
  // checkpoint_stall_share, data_wait_share.
  Metrics Sample(absl::Time now);

  // The run went back to where it had read so many tokens: what was read since counts for the speed alone.
  void GoBack(uint64_t tokens);

  // The seconds lost to checkpoints since the last call.
  double TakeStallSeconds();

  double data_wait_seconds() const { return wait_seconds_; }  // of this attempt

  uint64_t tokens() const { return tokens_; }
  double elapsed_seconds(absl::Time now) const;  // of this attempt

 private:
  double token_flops_;           // without attention's products
  double position_token_flops_;  // attention's, for each position of a row
  double peak_flops_;
  absl::Time begun_, sampled_;
  uint64_t tokens_;
  uint64_t sampled_tokens_;
  double flops_ = 0;  // since the last sample
  double stall_seconds_ = 0, wait_seconds_ = 0;
  double stall_taken_ = 0;  // of stall_seconds_
};

// The most memory that this process had so far.
double PeakMemoryBytes();

// What `threads` threads of this CPU do in matrix products of this precision, in FLOP/s: a measurement of
// some milliseconds on one of them, times their number.
double MeasurePeakFlops(v1::Precision precision, int threads);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_RUN_METER_H_
