// The kernels that go over values once and mix few of them: embedding rows in and out, rotary positions,
// SwiGLU, packing, sums. Bound by memory: bytes a value are given with each.
#ifndef BONSAI_WORKER_TRAIN_CUDA_ELEMENT_KERNELS_H_
#define BONSAI_WORKER_TRAIN_CUDA_ELEMENT_KERNELS_H_

#include "worker/train/cuda/kernel_language.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

inline constexpr int kElementThreads = 256;

// A thread's first piece of `width` values; the next is ElementStride() further.
BONSAI_DEVICE int64_t ElementBegin(int width) {
  return (int64_t{BlockX()} * kElementThreads + ThreadX()) * width;
}
BONSAI_DEVICE int64_t ElementStride(int width) { return int64_t{GridX()} * kElementThreads * width; }

// Reads and writes 4 bytes a value.
BONSAI_KERNEL(kElementThreads)
GatherRows(const int32_t* tokens, int64_t rows, int dim, const float* table, float* out) {
  for (int64_t i = ElementBegin(4); i < rows * dim; i += ElementStride(4)) {
    Store16(out + i, Load16(table + tokens[i / dim] * int64_t{dim} + i % dim));
  }
}

// A block for each piece of the plan. Reads 4 bytes a value; a piece that is all of its token's rows is added
// to the table at once, others leave their sum for ScatterGroups.
BONSAI_KERNEL(kElementThreads)
ScatterPieces(ScatterPlan plan, int dim, const float* rows, float* partial, float* table) {
  if (BlockX() >= plan.counts[0]) return;
  const int32_t* piece = plan.pieces + 4 * int64_t{BlockX()};
  const int32_t* next = plan.order + piece[0];
  const int count = piece[1], token = piece[2], slot = piece[3];
  float* to = slot < 0 ? table + token * int64_t{dim} : partial + slot * int64_t{dim};
  for (int c = 4 * ThreadX(); c < dim; c += 4 * kElementThreads) {
    Sixteen<float> sum = {};
    for (int i = 0; i < count; ++i) {
      const Sixteen<float> row = Load16(rows + next[i] * int64_t{dim} + c);
      BONSAI_UNROLL
      for (int k = 0; k < 4; ++k) sum.at[k] += row.at[k];
    }
    if (slot < 0) {
      const Sixteen<float> before = Load16(to + c);
      BONSAI_UNROLL
      for (int k = 0; k < 4; ++k) sum.at[k] += before.at[k];
    }
    Store16(to + c, sum);
  }
}

BONSAI_KERNEL(kElementThreads)
ScatterGroups(ScatterPlan plan, int dim, const float* partial, float* table) {
  if (BlockX() >= plan.counts[1]) return;
  const int32_t* group = plan.groups + 3 * int64_t{BlockX()};
  float* to = table + group[0] * int64_t{dim};
  for (int c = 4 * ThreadX(); c < dim; c += 4 * kElementThreads) {
    Sixteen<float> sum = Load16(to + c);
    for (int slot = group[1]; slot < group[1] + group[2]; ++slot) {
      const Sixteen<float> more = Load16(partial + slot * int64_t{dim} + c);
      BONSAI_UNROLL
      for (int k = 0; k < 4; ++k) sum.at[k] += more.at[k];
    }
    Store16(to + c, sum);
  }
}

// A thread turns eight pairs, one 16-byte load each side in bfloat16; head_dim is a multiple of 16. Reads and
// writes 2 bytes a value; the tables (8 bytes a pair, shared by all heads and rows) stay in the caches.
template <typename T>
BONSAI_KERNEL(kElementThreads)
RotatePairs(T* x, int64_t rows, int64_t stride, int heads, int head_dim, int64_t positions,
            const float* cosine, const float* sine, float sign) {
  const int half = head_dim / 2;
  const int64_t pairs = int64_t{heads} * half;
  for (int64_t i = ElementBegin(8); i < rows * pairs; i += ElementStride(8)) {
    const int64_t row = i / pairs, head = i % pairs / half, at = i % half;
    T* first = x + row * stride + head * head_dim + at;
    const int64_t table = row % positions * half + at;
    float a[8], b[8], c[8], s[8], turned_a[8], turned_b[8];
    Load8(first, a);
    Load8(first + half, b);
    Load8(cosine + table, c);
    Load8(sine + table, s);
    BONSAI_UNROLL
    for (int k = 0; k < 8; ++k) {
      turned_a[k] = a[k] * c[k] - b[k] * s[k] * sign;
      turned_b[k] = b[k] * c[k] + a[k] * s[k] * sign;
    }
    Store8(first, turned_a);
    Store8(first + half, turned_b);
  }
}

// Reads 4, writes 2 bytes a hidden value.
template <typename T>
BONSAI_KERNEL(kElementThreads)
SwigluRows(const T* gate_up, int64_t rows, int hidden, T* out) {
  for (int64_t i = ElementBegin(8); i < rows * hidden; i += ElementStride(8)) {
    const T* row = gate_up + i / hidden * 2 * hidden + i % hidden;
    float gate[8], up[8];
    Load8(row, gate);
    Load8(row + hidden, up);
    BONSAI_UNROLL
    for (int k = 0; k < 8; ++k) gate[k] = gate[k] / (1.0f + Exp(-gate[k])) * up[k];
    Store8(out + i, gate);
  }
}

// Reads 6, writes 6 bytes a hidden value: making `out` again costs 2 of them, keeping it 2 bytes of memory
// for each value of each layer.
template <typename T>
BONSAI_KERNEL(kElementThreads)
SwigluRowsGradient(T* gate_up, T* d_out, int64_t rows, int hidden) {
  for (int64_t i = ElementBegin(8); i < rows * hidden; i += ElementStride(8)) {
    T* row = gate_up + i / hidden * 2 * hidden + i % hidden;
    float gate[8], up[8], d[8], d_gate[8], d_up[8];
    Load8(row, gate);
    Load8(row + hidden, up);
    Load8(d_out + i, d);
    BONSAI_UNROLL
    for (int k = 0; k < 8; ++k) {
      const float sigmoid = 1.0f / (1.0f + Exp(-gate[k]));
      const float silu = gate[k] * sigmoid;
      d_gate[k] = d[k] * up[k] * (sigmoid + silu * (1.0f - sigmoid));
      d_up[k] = d[k] * silu;
      d[k] = silu * up[k];
    }
    Store8(row, d_gate);
    Store8(row + hidden, d_up);
    Store8(d_out + i, d);
  }
}

// Reads 4, writes 2 bytes a value.
BONSAI_KERNEL(kElementThreads) PackValues(const float* values, int64_t count, Bf16* packed) {
  for (int64_t i = ElementBegin(8); i < count; i += ElementStride(8)) {
    if (i + 8 <= count) {
      float eight[8];
      Load8(values + i, eight);
      Store8(packed + i, eight);
    } else {
      for (int64_t k = i; k < count; ++k) packed[k] = FromFloat<Bf16>(values[k]);
    }
  }
}

// The sum of `own` over a block, in double, in a fixed order: thread 0's is the sum.
BONSAI_DEVICE double SumInBlock(double own, double* scratch) {
  scratch[ThreadX()] = own;
  SyncBlock();
  for (int half = kElementThreads / 2; half > 0; half /= 2) {
    if (ThreadX() < half) scratch[ThreadX()] += scratch[ThreadX() + half];
    SyncBlock();
  }
  return scratch[0];
}

// Each of kSumBlocks blocks writes one partial sum of values or squares. Reads 4 bytes a value. A thread adds
// up some thousand values in f32 (four sums), blocks add up in double.
template <bool kSquares>
BONSAI_KERNEL(kElementThreads)
SumParts(const float* values, int64_t count, double* partial) {
  BONSAI_SHARED double scratch[kElementThreads];
  float own[4] = {0, 0, 0, 0};
  const int64_t whole = count / 4 * 4;
  for (int64_t i = ElementBegin(4); i < whole; i += ElementStride(4)) {
    const Sixteen<float> four = Load16(values + i);
    BONSAI_UNROLL
    for (int k = 0; k < 4; ++k) own[k] += kSquares ? four.at[k] * four.at[k] : four.at[k];
  }
  double sum = (double{own[0]} + double{own[1]}) + (double{own[2]} + double{own[3]});
  if (BlockX() == 0 && ThreadX() == 0) {
    for (int64_t i = whole; i < count; ++i) sum += double{kSquares ? values[i] * values[i] : values[i]};
  }
  sum = SumInBlock(sum, scratch);
  if (ThreadX() == 0) partial[BlockX()] = sum;
}

// One block.
BONSAI_KERNEL(kElementThreads) SumOfParts(const double* partial, int count, double* total) {
  BONSAI_SHARED double scratch[kElementThreads];
  double own = 0;
  for (int i = ThreadX(); i < count; i += kElementThreads) own += partial[i];
  own = SumInBlock(own, scratch);
  if (ThreadX() == 0) *total = own;
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_ELEMENT_KERNELS_H_
