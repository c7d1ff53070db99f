// Residual addition fused with RMSNorm, and its gradient. All of these are bound by memory: what counts is
// the bytes for each value of the residual stream, given with each kernel (f32 stream, bfloat16 elsewhere).
#ifndef BONSAI_WORKER_TRAIN_CUDA_NORM_KERNELS_H_
#define BONSAI_WORKER_TRAIN_CUDA_NORM_KERNELS_H_

#include "worker/train/cuda/kernel_language.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

inline constexpr int kNormThreads = 128;
inline constexpr int kNormRows = kNormThreads / kWarp;  // of a block: one for each warp

// Reads 4 + 2, writes 4 + 2 bytes a value (the row is read a second time from the first-level cache). dim is
// a multiple of 8.
template <typename T>
BONSAI_KERNEL(kNormThreads)
ResidualNorm(int64_t rows, int dim, float epsilon, const float* residual, const T* delta, float* sum,
             const float* weight, T* normed, float* inverse_rms) {
  const int64_t row = int64_t{BlockX()} * kNormRows + ThreadX() / kWarp;
  if (row >= rows) return;  // a whole warp
  const int lane = ThreadX() % kWarp;
  const float* x = residual + row * dim;
  float square = 0;
  for (int c = 8 * lane; c < dim; c += 8 * kWarp) {
    float value[8];
    Load8(x + c, value);
    if (delta != nullptr) {
      float more[8];
      Load8(delta + row * dim + c, more);
      BONSAI_UNROLL
      for (int i = 0; i < 8; ++i) value[i] += more[i];
      Store8(sum + row * dim + c, value);
    }
    BONSAI_UNROLL
    for (int i = 0; i < 8; ++i) square += value[i] * value[i];
  }
  const float scale = 1.0f / SquareRoot(WarpSum(square) / static_cast<float>(dim) + epsilon);
  if (lane == 0) inverse_rms[row] = scale;
  // What this thread wrote itself, it may read without a barrier.
  const float* total = delta != nullptr ? sum + row * dim : x;
  for (int c = 8 * lane; c < dim; c += 8 * kWarp) {
    float value[8], w[8];
    Load8(total + c, value);
    Load8(weight + c, w);
    BONSAI_UNROLL
    for (int i = 0; i < 8; ++i) value[i] *= scale * w[i];
    Store8(normed + row * dim + c, value);
  }
}

// A block takes every GridX()-th row and keeps its part of d_weight in shared memory (dim values), each
// column with one thread, so nothing is added by chance order. Reads 2 + 4 + 4, writes 4 + 2 bytes a value.
template <typename T>
BONSAI_KERNEL(kNormThreads)
ResidualNormGradient(int64_t rows, int dim, const T* d_normed, const float* x, const float* weight,
                     const float* inverse_rms, bool add, float* d_residual, T* d_residual_copy,
                     float* partial) {
  BONSAI_SHARED float scratch[kNormRows];
  float* own = reinterpret_cast<float*>(DynamicShared());
  for (int c = 8 * ThreadX(); c < dim; c += 8 * kNormThreads) {
    for (int i = 0; i < 8; ++i) own[c + i] = 0;
  }
  for (int64_t row = BlockX(); row < rows; row += GridX()) {
    float dot = 0;
    for (int c = 8 * ThreadX(); c < dim; c += 8 * kNormThreads) {
      float dy[8], w[8], value[8];
      Load8(d_normed + row * dim + c, dy);
      Load8(weight + c, w);
      Load8(x + row * dim + c, value);
      BONSAI_UNROLL
      for (int i = 0; i < 8; ++i) dot += dy[i] * w[i] * value[i];
    }
    dot = BlockSum<kNormThreads>(dot, scratch);
    const float scale = inverse_rms[row];
    const float pull = dot * scale * scale * scale / static_cast<float>(dim);
    for (int c = 8 * ThreadX(); c < dim; c += 8 * kNormThreads) {
      float dy[8], w[8], value[8], d[8] = {0, 0, 0, 0, 0, 0, 0, 0};
      Load8(d_normed + row * dim + c, dy);
      Load8(weight + c, w);
      Load8(x + row * dim + c, value);
      if (add) Load8(d_residual + row * dim + c, d);
      BONSAI_UNROLL
      for (int i = 0; i < 8; ++i) {
        own[c + i] += dy[i] * value[i] * scale;
        d[i] += dy[i] * w[i] * scale - value[i] * pull;
      }
      Store8(d_residual + row * dim + c, d);
      Store8(d_residual_copy + row * dim + c, d);
    }
  }
  for (int c = 8 * ThreadX(); c < dim; c += 8 * kNormThreads) {
    for (int i = 0; i < 8; ++i) partial[int64_t{BlockX()} * dim + c + i] = own[c + i];
  }
}

inline constexpr int kColumnSumThreads = 256;
inline constexpr int kColumnSumGroups = kColumnSumThreads / kWarp;

// sum[c] += partial[0][c] + partial[1][c] + ...: 32 columns a block, in an order that depends on count alone.
BONSAI_KERNEL(kColumnSumThreads) ColumnSum(int count, int cols, const float* partial, float* sum) {
  BONSAI_SHARED float groups[kColumnSumGroups][kWarp];
  const int lane = ThreadX() % kWarp, group = ThreadX() / kWarp;
  const int c = BlockX() * kWarp + lane;
  float own = 0;
  if (c < cols) {
    for (int i = group; i < count; i += kColumnSumGroups) own += partial[int64_t{i} * cols + c];
  }
  groups[group][lane] = own;
  SyncBlock();
  if (group != 0 || c >= cols) return;
  for (int i = 1; i < kColumnSumGroups; ++i) own += groups[i][lane];
  sum[c] += own;
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_NORM_KERNELS_H_
