// AdamW over flat buffers: global clipping, then one pass over parameters and moments.
//
// Used by one thread at a time.
#ifndef BONSAI_WORKER_TRAIN_ADAMW_H_
#define BONSAI_WORKER_TRAIN_ADAMW_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "bonsai/v1/spec.pb.h"
#include "worker/train/kernels.h"
#include "worker/train/parameter_layout.h"

namespace bonsai {

class Adamw {
 public:
  // The optimizer has been validated (learning_rate.h); zeros stand for its defaults. `layout` outlives this.
  Adamw(const ParameterLayout& layout, const Kernels& kernels, const v1::Optimizer& optimizer);

  // Applies update number `update` (from 1): clips the gradient's global L2 norm, decays matrices (tensors of
  // two dimensions), leaves `gradient` as it is. Returns the norm before clipping; if it is not finite
  // nothing changes.
  double Apply(uint64_t update, float learning_rate, absl::Span<const float> gradient,
               absl::Span<float> parameters);

  // The running means of the gradient and of its square: what a checkpoint keeps, and gives back.
  absl::Span<const float> moment1() const { return moment1_; }
  absl::Span<const float> moment2() const { return moment2_; }
  void Restore(std::vector<float> moment1, std::vector<float> moment2);

 private:
  const ParameterLayout& layout_;
  const Kernels& kernels_;
  float beta1_, beta2_, epsilon_, weight_decay_, clip_norm_;
  std::vector<float> moment1_;
  std::vector<float> moment2_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_ADAMW_H_
