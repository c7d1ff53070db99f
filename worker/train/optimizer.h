// The update of a step over flat buffers: global clipping, AdamW in one pass over parameters and moments, and
// Muon or NorMuon for the matrices inside of layers where the spec asks for it.
//
// Used by one thread at a time; it shares the work out to `threads` of its own. The same bits for any number
// of them, and for any number of ranks among which the parameters are shared out (ShardMap).
#ifndef BONSAI_WORKER_TRAIN_OPTIMIZER_H_
#define BONSAI_WORKER_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "bonsai/v1/spec.pb.h"
#include "worker/train/flat_range.h"
#include "worker/train/kernels.h"
#include "worker/train/optimizer_settings.h"
#include "worker/train/orthogonalize.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/width_transfer.h"

namespace bonsai {

class Optimizer {
 public:
  // `spec` has been validated (learning_rate.h); zeros stand for its defaults. `layout` outlives this.
  // `share`: the values, as a ShardMap cuts them, that this one updates and keeps moments of; all, if there
  // is none.
  Optimizer(const ParameterLayout& layout, const Kernels& kernels, const v1::Optimizer& spec, int threads = 1,
            const WidthTransfer& transfer = {},
            const std::optional<std::vector<FlatRange>>& share = std::nullopt);

  // The gradient's global L2 norm, not finite where a value is not; for an optimizer of all values.
  double Norm(absl::Span<const float> gradient) const { return NormOf(SquareSums(gradient)); }

  // The same of shares: the sums of squares of pieces that do not depend on the shares, 0 for those of
  // others. Added up by piece over all shares they give the norm, to the same bits.
  std::vector<double> SquareSums(absl::Span<const float> gradient) const;
  static double NormOf(absl::Span<const double> square_sums);

  // Applies update number `update` (from 1) of a gradient with this finite norm: clips, decays matrices
  // (tensors of two dimensions), leaves `gradient` as it is. `learning_rate` is AdamW's; Muon's is that times
  // the ratio of their peaks.
  void Apply(uint64_t update, float learning_rate, double norm, absl::Span<const float> gradient,
             absl::Span<float> parameters);

  // What a checkpoint keeps, and gives back. AdamW: the running means of the gradient and of its square.
  // Muon: the momentum; and, if rows are normalised, the running mean square of row r at value r of the
  // tensor, the rest 0. Of a share: its ranges' values, one range after the other.
  absl::Span<const float> moment1() const { return moment1_; }
  absl::Span<const float> moment2() const { return moment2_; }
  void Restore(std::vector<float> moment1, std::vector<float> moment2);

 private:
  struct MatrixWork {  // a thread's
    Orthogonalizer orthogonalizer;
    std::vector<float> step;
  };

  // Values of one tensor that are updated together.
  struct Piece {
    const ParameterBlock* block;
    int64_t offset, size;  // as the block's
    int64_t moments;       // where its moments begin
    size_t first_sum;      // in SquareSums
    float rate_factor;     // of AdamW's learning rate
  };

  void AddPieces(const ParameterBlock& block, float rate_factor, size_t first_sum, int64_t begin,
                 int64_t end);
  void ApplyMuon(const Piece& piece, float learning_rate, float gradient_scale, const float* gradient,
                 float* parameters, MatrixWork& work);
  void NormalizeRows(const Piece& piece, std::vector<float>& step);

  const Kernels& kernels_;
  const OptimizerSettings settings_;
  std::vector<Piece> matrices_;    // Muon's, the largest first
  std::vector<Piece> pieces_;      // AdamW's
  size_t sums_ = 0;                // of SquareSums
  int64_t values_ = 0;             // that this one updates
  std::vector<MatrixWork> works_;  // one for each thread
  std::vector<float> moment1_;
  std::vector<float> moment2_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_OPTIMIZER_H_
