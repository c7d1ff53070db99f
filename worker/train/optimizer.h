// The update of a step over flat buffers: global clipping, AdamW in one pass over parameters and moments, and
// Muon or NorMuon for the matrices inside of layers where the spec asks for it.
//
// Used by one thread at a time; it shares the work out to `threads` of its own. The same bits for any number
// of them.
#ifndef BONSAI_WORKER_TRAIN_OPTIMIZER_H_
#define BONSAI_WORKER_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "bonsai/v1/spec.pb.h"
#include "worker/train/kernels.h"
#include "worker/train/orthogonalize.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/width_transfer.h"

namespace bonsai {

class Optimizer {
 public:
  // `spec` has been validated (learning_rate.h); zeros stand for its defaults. `layout` outlives this.
  Optimizer(const ParameterLayout& layout, const Kernels& kernels, const v1::Optimizer& spec, int threads = 1,
            const WidthTransfer& transfer = {});

  // The gradient's global L2 norm, not finite where a value is not.
  double Norm(absl::Span<const float> gradient) const;

  // Applies update number `update` (from 1) of a gradient with this finite norm: clips, decays matrices
  // (tensors of two dimensions), leaves `gradient` as it is. `learning_rate` is AdamW's; Muon's is that times
  // the ratio of their peaks.
  void Apply(uint64_t update, float learning_rate, double norm, absl::Span<const float> gradient,
             absl::Span<float> parameters);

  // What a checkpoint keeps, and gives back. AdamW: the running means of the gradient and of its square.
  // Muon: the momentum; and, if rows are normalised, the running mean square of row r at value r of the
  // tensor, the rest 0.
  absl::Span<const float> moment1() const { return moment1_; }
  absl::Span<const float> moment2() const { return moment2_; }
  void Restore(std::vector<float> moment1, std::vector<float> moment2);

 private:
  struct MatrixWork {  // a thread's
    Orthogonalizer orthogonalizer;
    std::vector<float> step;
  };

  void ApplyMuon(const ParameterBlock& block, float learning_rate, float gradient_scale,
                 const float* gradient, float* parameters, MatrixWork& work);
  void NormalizeRows(const ParameterBlock& block, std::vector<float>& step);

  const ParameterLayout& layout_;
  const Kernels& kernels_;
  float beta1_, beta2_, epsilon_, weight_decay_, clip_norm_;
  bool muon_, normalize_rows_;
  float muon_rate_ratio_, momentum_, row_beta_;
  std::vector<float> rate_factors_;              // AdamW's, one for each block
  std::vector<const ParameterBlock*> matrices_;  // Muon's, the largest first
  std::vector<MatrixWork> works_;                // one for each thread
  std::vector<float> moment1_;
  std::vector<float> moment2_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_OPTIMIZER_H_
