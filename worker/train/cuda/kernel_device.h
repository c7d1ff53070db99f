// The operations of a StepDevice as launches of this folder's kernels. Memory, products and streams are its
// subclasses': CudaDevice's under nvcc, EmulatedDevice's under g++. A program links one of them, not both.
#ifndef BONSAI_WORKER_TRAIN_CUDA_KERNEL_DEVICE_H_
#define BONSAI_WORKER_TRAIN_CUDA_KERNEL_DEVICE_H_

#include <algorithm>
#include <cmath>

#include "worker/train/cuda/attention_backward_kernels.h"
#include "worker/train/cuda/attention_forward_kernel.h"
#include "worker/train/cuda/attention_plain_kernels.h"
#include "worker/train/cuda/cross_entropy_kernel.h"
#include "worker/train/cuda/element_kernels.h"
#include "worker/train/cuda/norm_kernels.h"
#include "worker/train/cuda/step_device.h"
#include "worker/train/cuda/update_kernels.h"

namespace bonsai::cuda {

template <typename Base>
class KernelDevice : public Base {
 public:
  using Base::Base;

  void Gather(const int32_t* tokens, int64_t rows, int64_t dim, const float* table, float* out) override {
    LaunchEach(rows * dim, 4, GatherRows, tokens, rows, static_cast<int>(dim), table, out);
  }
  void ScatterAdd(const ScatterPlan& plan, int64_t dim, const float* rows, float* partial,
                  float* table) override {
    Go({static_cast<int>(plan.rows)}, kElementThreads, 0, ScatterPieces, plan, static_cast<int>(dim), rows,
       partial, table);
    Go({static_cast<int>(ScatterPlan::SlotsMax(plan.rows))}, kElementThreads, 0, ScatterGroups, plan,
       static_cast<int>(dim), static_cast<const float*>(partial), table);
  }
  void Norm(const NormForward& norm) override {
    norm.normed.type == CellType::kF32 ? NormOf<float>(norm) : NormOf<Bf16>(norm);
  }
  void NormGradient(const NormBackward& norm) override {
    norm.d_normed.type == CellType::kF32 ? NormGradientOf<float>(norm) : NormGradientOf<Bf16>(norm);
  }
  void Rotate(Cells x, int64_t rows, int64_t stride, int64_t heads, int64_t head_dim, int64_t positions,
              const float* cosine, const float* sine, float sign) override {
    const int64_t pairs = rows * heads * head_dim / 2;
    const int h = static_cast<int>(heads), d = static_cast<int>(head_dim);
    if (x.type == CellType::kF32) {
      LaunchEach(pairs, 8, RotatePairs<float>, As<float>(x), rows, stride, h, d, positions, cosine, sine,
                 sign);
    } else {
      LaunchEach(pairs, 8, RotatePairs<Bf16>, As<Bf16>(x), rows, stride, h, d, positions, cosine, sine, sign);
    }
  }
  void Swiglu(Cells gate_up, int64_t rows, int64_t hidden, Cells out) override {
    const int h = static_cast<int>(hidden);
    if (out.type == CellType::kF32) {
      LaunchEach(rows * hidden, 8, SwigluRows<float>, As<float>(gate_up), rows, h, As<float>(out));
    } else {
      LaunchEach(rows * hidden, 8, SwigluRows<Bf16>, As<Bf16>(gate_up), rows, h, As<Bf16>(out));
    }
  }
  void SwigluGradient(Cells gate_up, Cells d_out, int64_t rows, int64_t hidden) override {
    const int h = static_cast<int>(hidden);
    if (d_out.type == CellType::kF32) {
      LaunchEach(rows * hidden, 8, SwigluRowsGradient<float>, As<float>(gate_up), As<float>(d_out), rows, h);
    } else {
      LaunchEach(rows * hidden, 8, SwigluRowsGradient<Bf16>, As<Bf16>(gate_up), As<Bf16>(d_out), rows, h);
    }
  }

  void Attend(const AttentionSizes& sizes, Cells qkv, Cells out, float* log_sum) override {
    if (qkv.type == CellType::kF32) {
      PlainAttend<float>(sizes, qkv, out, log_sum);
    } else if (!AttendByTiles<16, 32, 48, 64, 80, 96, 128>(sizes, qkv, out, log_sum)) {
      PlainAttend<Bf16>(sizes, qkv, out, log_sum);
    }
  }
  void AttendGradient(const AttentionSizes& sizes, Cells qkv, Cells out, const float* log_sum, Cells d_out,
                      float* dot, Cells d_qkv) override {
    const int blocks = static_cast<int>((sizes.rows * sizes.heads * sizes.positions + kAttentionWarps - 1) /
                                        kAttentionWarps);
    if (qkv.type == CellType::kF32) {
      Go({blocks}, kAttentionThreads, 0, AttentionDots<float>, sizes, As<const float>(out),
         As<const float>(d_out), dot);
      PlainGradient<float>(sizes, qkv, log_sum, d_out, dot, d_qkv);
      return;
    }
    Go({blocks}, kAttentionThreads, 0, AttentionDots<Bf16>, sizes, As<const Bf16>(out), As<const Bf16>(d_out),
       dot);
    if (!GradientByTiles<16, 32, 48, 64, 80, 96, 128>(sizes, qkv, log_sum, d_out, dot, d_qkv)) {
      PlainGradient<Bf16>(sizes, qkv, log_sum, d_out, dot, d_qkv);
    }
  }

  void CrossEntropy(Cells logits, int64_t stride, const int32_t* targets, int64_t rows, int64_t cols,
                    const StepScalars* scalars, bool gradient, float* losses) override {
    const Loss loss = {logits, stride, targets, rows, static_cast<int>(cols), scalars, gradient, losses};
    logits.type == CellType::kF32 ? LossOf<float>(loss) : LossOf<Bf16>(loss);
  }

  void Sum(const float* values, int64_t count, double* partial, double* total) override {
    Go({static_cast<int>(kSumBlocks)}, kElementThreads, 0, SumParts<false>, values, count, partial);
    FinishSum(partial, total);
  }
  void SumSquares(const float* values, int64_t count, double* partial, double* total) override {
    Go({static_cast<int>(kSumBlocks)}, kElementThreads, 0, SumParts<true>, values, count, partial);
    FinishSum(partial, total);
  }
  void Pack(const float* values, int64_t count, Bf16* packed) override {
    LaunchEach(count, 8, PackValues, values, count, packed);
  }

  void Adamw(const UpdateBuffers& buffers, const UpdateChunk* chunks, int64_t count) override {
    if (count > 0) Go({static_cast<int>(count)}, kElementThreads, 0, AdamwChunks, buffers, chunks);
  }
  void MuonMomentum(const UpdateBuffers& buffers, const MuonMatrices& matrices, Cells steps,
                    double* squares) override {
    steps.type == CellType::kF32 ? MomentumOf<float>(buffers, matrices, steps, squares)
                                 : MomentumOf<Bf16>(buffers, matrices, steps, squares);
  }
  void MuonScale(const MuonMatrices& matrices, const double* squares, Cells steps) override {
    const Extent grid = {BlocksFor(matrices.size(), 8), static_cast<int>(matrices.count)};
    if (steps.type == CellType::kF32) {
      Go(grid, kElementThreads, 0, MatrixScale<float>, As<float>(steps), matrices.size(), squares);
    } else {
      Go(grid, kElementThreads, 0, MatrixScale<Bf16>, As<Bf16>(steps), matrices.size(), squares);
    }
  }
  void MuonPolynomial(int64_t count, int64_t side, float a, float b, float c, Cells gram,
                      Cells square) override {
    const int64_t values = count * side * side;
    if (gram.type == CellType::kF32) {
      LaunchEach(values, 1, PolynomialValues<float>, count, side, a, b, c, As<float>(gram),
                 As<float>(square));
    } else {
      LaunchEach(values, 1, PolynomialValues<Bf16>, count, side, a, b, c, As<Bf16>(gram), As<Bf16>(square));
    }
  }
  void MuonApply(const UpdateBuffers& buffers, const MuonMatrices& matrices, Cells steps,
                 float* row_scales) override {
    steps.type == CellType::kF32 ? ApplyOf<float>(buffers, matrices, steps, row_scales)
                                 : ApplyOf<Bf16>(buffers, matrices, steps, row_scales);
  }

 private:
  struct Loss {
    Cells logits;
    int64_t stride;
    const int32_t* targets;
    int64_t rows;
    int cols;
    const StepScalars* scalars;
    bool gradient;
    float* losses;
  };

  template <typename T>
  static T* As(const Cells& cells) {
    return static_cast<T*>(cells.data);
  }

  // Enough blocks to keep every multiprocessor busy, each thread then taking several pieces.
  static int BlocksFor(int64_t values, int width) {
    constexpr int64_t kBlocksMax = 132 * 16;  // 16 blocks of 128..256 threads on each of an H100's
    const int64_t pieces = (values + width - 1) / width;
    return static_cast<int>(
        std::clamp<int64_t>((pieces + kElementThreads - 1) / kElementThreads, 1, kBlocksMax));
  }

  template <typename Kernel, typename... Arguments>
  void Go(const Extent& grid, int threads, size_t shared, Kernel kernel, const Arguments&... arguments) {
    Launch(grid, threads, shared, this->stream(), kernel, arguments...);
  }
  template <typename Kernel, typename... Arguments>
  void LaunchEach(int64_t values, int width, Kernel kernel, const Arguments&... arguments) {
    Go({BlocksFor(values, width)}, kElementThreads, 0, kernel, arguments...);
  }

  template <typename T>
  void NormOf(const NormForward& n) {
    Go({static_cast<int>((n.rows + kNormRows - 1) / kNormRows)}, kNormThreads, 0, ResidualNorm<T>, n.rows,
       static_cast<int>(n.dim), n.epsilon, n.residual, As<const T>(n.delta), n.sum, n.weight, As<T>(n.normed),
       n.inverse_rms);
  }
  template <typename T>
  void NormGradientOf(const NormBackward& n) {
    const int blocks = static_cast<int>(std::min(n.rows, kNormBlocks)), dim = static_cast<int>(n.dim);
    Go({blocks}, kNormThreads, dim * sizeof(float), ResidualNormGradient<T>, n.rows, dim,
       As<const T>(n.d_normed), n.x, n.weight, n.inverse_rms, n.add, n.d_residual, As<T>(n.d_residual_copy),
       n.partial);
    Go({(dim + kWarp - 1) / kWarp}, kColumnSumThreads, 0, ColumnSum, blocks, dim,
       static_cast<const float*>(n.partial), n.d_weight);
  }

  // Tries each width.
  template <int kWidth, int... kOthers>
  bool AttendByTiles(const AttentionSizes& sizes, Cells qkv, Cells out, float* log_sum) {
    if (sizes.head_dim == kWidth) {
      Go(TilesOf(sizes, sizes.heads), kAttentionThreads, AttendTilesSharedBytes<kWidth>(),
         AttendTiles<kWidth>, sizes, ScaleOf(sizes), As<const Bf16>(qkv), As<Bf16>(out), log_sum);
      return true;
    }
    if constexpr (sizeof...(kOthers) > 0) return AttendByTiles<kOthers...>(sizes, qkv, out, log_sum);
    return false;
  }
  template <int kWidth, int... kOthers>
  bool GradientByTiles(const AttentionSizes& sizes, Cells qkv, const float* log_sum, Cells d_out,
                       const float* dot, Cells d_qkv) {
    if (sizes.head_dim == kWidth) {
      Go(TilesOf(sizes, sizes.heads), kAttentionThreads, QueryGradientSharedBytes<kWidth>(),
         QueryGradientTiles<kWidth>, sizes, ScaleOf(sizes), As<const Bf16>(qkv), log_sum,
         As<const Bf16>(d_out), dot, As<Bf16>(d_qkv));
      Go(TilesOf(sizes, sizes.kv_heads), kAttentionThreads, KeyGradientSharedBytes<kWidth>(),
         KeyGradientTiles<kWidth>, sizes, ScaleOf(sizes), As<const Bf16>(qkv), log_sum, As<const Bf16>(d_out),
         dot, As<Bf16>(d_qkv));
      return true;
    }
    if constexpr (sizeof...(kOthers) > 0) {
      return GradientByTiles<kOthers...>(sizes, qkv, log_sum, d_out, dot, d_qkv);
    }
    return false;
  }
  template <typename T>
  void PlainAttend(const AttentionSizes& sizes, Cells qkv, Cells out, float* log_sum) {
    Go(WarpsOf(sizes, sizes.heads), kAttentionThreads, 0, AttendPlain<T>, sizes, ScaleOf(sizes),
       As<const T>(qkv), As<T>(out), log_sum);
  }
  template <typename T>
  void PlainGradient(const AttentionSizes& sizes, Cells qkv, const float* log_sum, Cells d_out,
                     const float* dot, Cells d_qkv) {
    Go(WarpsOf(sizes, sizes.heads), kAttentionThreads, 0, QueryGradientPlain<T>, sizes, ScaleOf(sizes),
       As<const T>(qkv), log_sum, As<const T>(d_out), dot, As<T>(d_qkv));
    Go(WarpsOf(sizes, sizes.kv_heads), kAttentionThreads, 0, KeyGradientPlain<T>, sizes, ScaleOf(sizes),
       As<const T>(qkv), log_sum, As<const T>(d_out), dot, As<T>(d_qkv));
  }
  static float ScaleOf(const AttentionSizes& sizes) {
    return 1.0f / std::sqrt(static_cast<float>(sizes.head_dim));
  }
  static Extent Blocks(const AttentionSizes& sizes, int64_t heads, int64_t positions) {
    return {static_cast<int>((sizes.positions + positions - 1) / positions), static_cast<int>(heads),
            static_cast<int>(sizes.rows)};
  }
  static Extent TilesOf(const AttentionSizes& sizes, int64_t heads) {
    return Blocks(sizes, heads, kAttentionRows);
  }
  static Extent WarpsOf(const AttentionSizes& sizes, int64_t heads) {
    return Blocks(sizes, heads, kAttentionWarps);
  }

  // A row in registers where that takes at most 8 pieces of a thread (32 registers); blocks as small as that
  // allows, so that several share a multiprocessor.
  template <typename T>
  void LossOf(const Loss& loss) {
    constexpr int kSmall = 256, kLarge = 1024, kPieces = 8;
    if (loss.cols <= kSmall * kPieces * Sixteen<T>::kCount) {
      LossBy<T, kSmall, kPieces>(loss);
    } else if (loss.cols <= kLarge * kPieces * Sixteen<T>::kCount) {
      LossBy<T, kLarge, kPieces>(loss);
    } else {
      LossBy<T, kLarge, 0>(loss);
    }
  }
  template <typename T, int kThreads, int kPieces>
  void LossBy(const Loss& loss) {
    Go({static_cast<int>(loss.rows)}, kThreads, 0, CrossEntropyRows<T, kThreads, kPieces>, As<T>(loss.logits),
       loss.stride, loss.targets, loss.cols, loss.scalars, loss.gradient, loss.losses);
  }
  void FinishSum(const double* partial, double* total) {
    Go({1}, kElementThreads, 0, SumOfParts, partial, static_cast<int>(kSumBlocks), total);
  }

  static Extent MatrixTiles(const MuonMatrices& matrices) {
    return {static_cast<int>((matrices.cols + kTileSide - 1) / kTileSide),
            static_cast<int>((matrices.rows + kTileSide - 1) / kTileSide), static_cast<int>(matrices.count)};
  }
  template <typename T>
  void MomentumOf(const UpdateBuffers& buffers, const MuonMatrices& matrices, Cells steps, double* squares) {
    Go(MatrixTiles(matrices), kElementThreads, 0, MuonMomentumTiles<T>, buffers, matrices, As<T>(steps));
    Go({static_cast<int>(matrices.count)}, kElementThreads, 0, MatrixSquares<T>, As<const T>(steps),
       matrices.size(), squares);
  }
  template <typename T>
  void ApplyOf(const UpdateBuffers& buffers, const MuonMatrices& matrices, Cells steps, float* row_scales) {
    if (matrices.normalize_rows) {
      const int blocks = static_cast<int>((matrices.rows + kNormMuonRows - 1) / kNormMuonRows);
      Go({blocks, static_cast<int>(matrices.count)}, kElementThreads, 0, NormalizeRowScales<T>, buffers,
         matrices, As<const T>(steps), row_scales);
      Go({static_cast<int>(matrices.count)}, kElementThreads, 0, KeepFrobeniusNorm, matrices.rows,
         row_scales);
    }
    Go(MatrixTiles(matrices), kElementThreads, 0, MuonApplyTiles<T>, buffers, matrices, As<const T>(steps),
       static_cast<const float*>(row_scales));
  }
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_KERNEL_DEVICE_H_
