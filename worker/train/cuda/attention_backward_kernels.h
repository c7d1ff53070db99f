// The gradient of causal attention over tiles, without atomics: one kernel has a block for each tile of
// queries and sums over keys, the other a block for each tile of keys and sums over queries (and, where
// queries share keys, over their heads). Scores and their gradient are made in both, so 7 products are done
// where 5 would do; in return the bits do not depend on timing, and no f32 sum of dQ goes through memory.
#ifndef BONSAI_WORKER_TRAIN_CUDA_ATTENTION_BACKWARD_KERNELS_H_
#define BONSAI_WORKER_TRAIN_CUDA_ATTENTION_BACKWARD_KERNELS_H_

#include "worker/train/cuda/attention_forward_kernel.h"

namespace bonsai::cuda {

// dot[row, head, position] = the sum of out * d_out over a head's values: a warp each. Reads 4 bytes a value.
template <typename T>
BONSAI_KERNEL(kAttentionThreads)
AttentionDots(AttentionSizes sizes, const T* out, const T* d_out, float* dot) {
  const int64_t i = int64_t{BlockX()} * kAttentionWarps + ThreadX() / kWarp;
  if (i >= sizes.rows * sizes.heads * sizes.positions) return;  // a whole warp
  const int64_t position = i % sizes.positions, head = i / sizes.positions % sizes.heads;
  const int64_t at = (i / sizes.positions / sizes.heads * sizes.positions + position) * sizes.out_width() +
                     head * sizes.head_dim;
  float sum = 0;
  for (int64_t d = ThreadX() % kWarp; d < sizes.head_dim; d += kWarp) {
    sum += ToFloat(out[at + d]) * ToFloat(d_out[at + d]);
  }
  sum = WarpSum(sum);
  if (ThreadX() % kWarp == 0) dot[i] = sum;
}

// Queries and the gradient of their output, and two stages of keys and values.
template <int kWidth>
BONSAI_EVERYWHERE constexpr int QueryGradientSharedBytes() {
  return 6 * Tile<kWidth>::Values(kAttentionRows) * static_cast<int>(sizeof(Bf16));
}

// Blocks as in AttendTiles.
template <int kWidth>
BONSAI_KERNEL(kAttentionThreads)
QueryGradientTiles(AttentionSizes sizes, float scale, const Bf16* qkv, const float* log_sum,
                   const Bf16* d_out, const float* dot, Bf16* d_qkv) {
  constexpr int kKeyTiles = kAttentionRows / 8, kTileValues = Tile<kWidth>::Values(kAttentionRows);
  Bf16* shared = reinterpret_cast<Bf16*>(DynamicShared());
  const Tile<kWidth> queries = {shared}, d_outs = {shared + kTileValues};
  const int tile = GridX() - 1 - BlockX(), row = ThreadX() / kWarp * kFragmentRows, lane = ThreadX() % kWarp;
  const int64_t first = int64_t{tile} * kAttentionRows, count = sizes.positions - first;
  const int64_t stride = sizes.qkv_width();
  const HeadPlace place = PlaceOfHead(sizes, BlockZ(), BlockY());
  const KeyValueStages<kWidth> stages = {shared + 2 * kTileValues, qkv + place.key, qkv + place.value, stride,
                                         sizes.positions};

  queries.template Fetch<kAttentionRows>(qkv + place.query + first * stride, stride, count);
  d_outs.template Fetch<kAttentionRows>(d_out + place.out + first * sizes.out_width(), sizes.out_width(),
                                        count);
  stages.Fetch(0);
  const int64_t sums = (BlockZ() * sizes.heads + BlockY()) * sizes.positions + first;
  float own_sum[2], own_dot[2];
  BONSAI_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int own = row + lane / 4 + 8 * half;
    own_sum[half] = own < count ? log_sum[sums + own] * kLog2E : 0.0f;
    own_dot[half] = own < count ? dot[sums + own] : 0.0f;
  }
  Accumulator<kWidth / 8> gradient;
  gradient.Clear();
  for (int t = 0; t <= tile; ++t) {
    if (t < tile) {
      stages.Fetch(t + 1);
      WaitCopies<1>();
    } else {
      WaitCopies<0>();
    }
    SyncBlock();
    Accumulator<kKeyTiles> scores, d_scores;
    scores.Clear();
    d_scores.Clear();
    scores.AddScores(queries, row, stages.Keys(t));
    d_scores.AddScores(d_outs, row, stages.Values(t));
    if (t == tile) MaskLater(scores, row, 0, -__builtin_inff());
    BONSAI_UNROLL
    for (int k = 0; k < kKeyTiles; ++k) {
      BONSAI_UNROLL
      for (int i = 0; i < 4; ++i) {
        const float probability = Exp2(scores.at[k][i] * (scale * kLog2E) - own_sum[i / 2]);
        d_scores.at[k][i] = probability * (d_scores.at[k][i] - own_dot[i / 2]) * scale;
      }
    }
    gradient.AddProduct(d_scores, stages.Keys(t));
    SyncBlock();
  }
  gradient.Leave(queries, row);
  SyncBlock();
  WriteTile(queries, d_qkv + place.query + first * stride, stride, count);
}

// Queries of a tile beside the 64 keys: fewer where heads are wide, so that the two gradients, the scores and
// theirs stay in 255 registers.
template <int kWidth>
BONSAI_EVERYWHERE constexpr int KeyGradientQueries() {
  return kWidth <= 64 ? 64 : 32;
}

// Keys and values, and two stages of queries, the gradient of their output, their sums and dots.
template <int kWidth>
BONSAI_EVERYWHERE constexpr int KeyGradientSharedBytes() {
  constexpr int kQueries = KeyGradientQueries<kWidth>();
  return (2 * Tile<kWidth>::Values(kAttentionRows) + 4 * Tile<kWidth>::Values(kQueries)) *
             static_cast<int>(sizeof(Bf16)) +
         4 * kQueries * static_cast<int>(sizeof(float));
}

// Blocks: tiles of keys (the first, which most queries see, first), heads of keys, sequences.
template <int kWidth>
BONSAI_KERNEL(kAttentionThreads)
KeyGradientTiles(AttentionSizes sizes, float scale, const Bf16* qkv, const float* log_sum, const Bf16* d_out,
                 const float* dot, Bf16* d_qkv) {
  constexpr int kQueries = KeyGradientQueries<kWidth>(), kQueryTiles = kQueries / 8;
  constexpr int kKeyValues = Tile<kWidth>::Values(kAttentionRows),
                kQueryValues = Tile<kWidth>::Values(kQueries);
  Bf16* shared = reinterpret_cast<Bf16*>(DynamicShared());
  const Tile<kWidth> keys = {shared}, values = {shared + kKeyValues};
  Bf16* const stages = shared + 2 * kKeyValues;
  float* const floats = reinterpret_cast<float*>(stages + 4 * kQueryValues);
  const auto queries = [&](int stage) { return Tile<kWidth>{stages + 2 * stage * kQueryValues}; };
  const auto d_outs = [&](int stage) { return Tile<kWidth>{stages + (2 * stage + 1) * kQueryValues}; };
  const auto sums = [&](int stage) { return floats + 2 * stage * kQueries; };
  const auto dots = [&](int stage) { return floats + (2 * stage + 1) * kQueries; };

  const int group = static_cast<int>(sizes.heads / sizes.kv_heads);
  const int64_t first = int64_t{BlockX()} * kAttentionRows, count = sizes.positions - first;
  const int64_t stride = sizes.qkv_width(), out_stride = sizes.out_width();
  const int row = ThreadX() / kWarp * kFragmentRows, lane = ThreadX() % kWarp;
  // Steps: for each head of the group, the tiles of queries from the first that sees a key.
  const int tiles = static_cast<int>((count + kQueries - 1) / kQueries);
  const auto fetch = [&](int step) {
    const HeadPlace place = PlaceOfHead(sizes, BlockZ(), int64_t{BlockY()} * group + step / tiles);
    const int64_t at = first + int64_t{step % tiles} * kQueries;
    queries(step % 2).template Fetch<kQueries>(qkv + place.query + at * stride, stride, sizes.positions - at);
    d_outs(step % 2).template Fetch<kQueries>(d_out + place.out + at * out_stride, out_stride,
                                              sizes.positions - at);
    CommitCopies();
    const int64_t from =
        (BlockZ() * sizes.heads + int64_t{BlockY()} * group + step / tiles) * sizes.positions + at;
    for (int i = ThreadX(); i < kQueries; i += kAttentionThreads) {
      // A query that is not there gives every key the probability 2^-inf = 0.
      const bool there = at + i < sizes.positions;
      sums(step % 2)[i] = there ? log_sum[from + i] * kLog2E : __builtin_inff();
      dots(step % 2)[i] = there ? dot[from + i] : 0.0f;
    }
  };

  const HeadPlace place = PlaceOfHead(sizes, BlockZ(), int64_t{BlockY()} * group);
  keys.template Fetch<kAttentionRows>(qkv + place.key + first * stride, stride, count);
  values.template Fetch<kAttentionRows>(qkv + place.value + first * stride, stride, count);
  fetch(0);
  Accumulator<kWidth / 8> d_keys, d_values;
  d_keys.Clear();
  d_values.Clear();
  for (int step = 0; step < group * tiles; ++step) {
    if (step + 1 < group * tiles) {
      fetch(step + 1);
      WaitCopies<1>();
    } else {
      WaitCopies<0>();
    }
    SyncBlock();
    const int stage = step % 2;
    // Both the other way round: 16 keys of a warp against the queries.
    Accumulator<kQueryTiles> scores, d_scores;
    scores.Clear();
    scores.AddScores(keys, row, queries(stage));
    const int64_t at = int64_t{step % tiles} * kQueries;  // the queries' place among those from `first`
    BONSAI_UNROLL
    for (int q = 0; q < kQueryTiles; ++q) {
      BONSAI_UNROLL
      for (int i = 0; i < 4; ++i) {
        const int query = q * 8 + lane % 4 * 2 + i % 2;
        const float probability = Exp2(scores.at[q][i] * (scale * kLog2E) - sums(stage)[query]);
        scores.at[q][i] = row + lane / 4 + i / 2 * 8 > at + query ? 0.0f : probability;
      }
    }
    d_values.AddProduct(scores, d_outs(stage));
    d_scores.Clear();
    d_scores.AddScores(values, row, d_outs(stage));
    BONSAI_UNROLL
    for (int q = 0; q < kQueryTiles; ++q) {
      BONSAI_UNROLL
      for (int i = 0; i < 4; ++i) {
        const int query = q * 8 + lane % 4 * 2 + i % 2;
        d_scores.at[q][i] = scores.at[q][i] * (d_scores.at[q][i] - dots(stage)[query]) * scale;
      }
    }
    d_keys.AddProduct(d_scores, queries(stage));
    SyncBlock();
  }
  d_keys.Leave(keys, row);
  d_values.Leave(values, row);
  SyncBlock();
  WriteTile(keys, d_qkv + place.key + first * stride, stride, count);
  WriteTile(values, d_qkv + place.value + first * stride, stride, count);
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_ATTENTION_BACKWARD_KERNELS_H_
