// Causal attention, forward, over tiles of 64 queries and 64 keys with the online softmax (Dao 2023,
// FlashAttention-2, algorithm 1), on the tensor cores through mma.sync. Own kernels rather than cuDNN's
// graph: they are deterministic in both directions, need no plan at run time, and run in the emulation, so
// what is here has been tested on a machine without a GPU. On Hopper a wgmma kernel (cuDNN, FlashAttention-3)
// is about twice as fast; attention is 7 % of a 124M model's FLOPs at 1,024 positions (12 L C T of 6 N + 12 L
// C T, half of it masked), so that is a few percent of a step.
#ifndef BONSAI_WORKER_TRAIN_CUDA_ATTENTION_FORWARD_KERNEL_H_
#define BONSAI_WORKER_TRAIN_CUDA_ATTENTION_FORWARD_KERNEL_H_

#include "worker/train/cuda/attention_tile.h"

namespace bonsai::cuda {

// The online softmax of the rows that a lane shares with three others: rows l / 4 (0) and l / 4 + 8 (1).
struct RowSoftmax {
  float top[2] = {-__builtin_inff(), -__builtin_inff()};
  float sum[2] = {0, 0};  // this lane's columns alone

  // scores become exponentials relative to the largest so far; `correction` is what earlier ones are worth
  // now. scale: of the scores, times log2(e).
  template <int kTiles>
  BONSAI_DEVICE void Add(Accumulator<kTiles>& scores, float scale, float (&correction)[2]) {
    BONSAI_UNROLL
    for (int half = 0; half < 2; ++half) {
      float highest = top[half];
      BONSAI_UNROLL
      for (int t = 0; t < kTiles; ++t) {
        highest = highest > scores.at[t][2 * half] ? highest : scores.at[t][2 * half];
        highest = highest > scores.at[t][2 * half + 1] ? highest : scores.at[t][2 * half + 1];
      }
      for (int mask = 1; mask <= 2; mask *= 2) {
        const float other = ShuffleXor(highest, mask);
        highest = highest > other ? highest : other;
      }
      correction[half] = Exp2((top[half] - highest) * scale);
      top[half] = highest;
      sum[half] *= correction[half];
      BONSAI_UNROLL
      for (int t = 0; t < kTiles; ++t) {
        BONSAI_UNROLL
        for (int i = 2 * half; i < 2 * half + 2; ++i) {
          scores.at[t][i] = Exp2((scores.at[t][i] - highest) * scale);
          sum[half] += scores.at[t][i];
        }
      }
    }
  }

  // The sums of whole rows.
  BONSAI_DEVICE void Finish() {
    BONSAI_UNROLL
    for (int half = 0; half < 2; ++half) {
      sum[half] += ShuffleXor(sum[half], 1);
      sum[half] += ShuffleXor(sum[half], 2);
    }
  }
};

// Hides, in scores[16 queries, 8 kTiles keys] of a tile, the keys behind a query.
template <int kTiles>
BONSAI_DEVICE void MaskLater(Accumulator<kTiles>& scores, int64_t query, int64_t key, float hidden) {
  const int lane = ThreadX() % kWarp;
  BONSAI_UNROLL
  for (int t = 0; t < kTiles; ++t) {
    BONSAI_UNROLL
    for (int i = 0; i < 4; ++i) {
      const int64_t own_query = query + lane / 4 + i / 2 * 8, own_key = key + t * 8 + lane % 4 * 2 + i % 2;
      if (own_key > own_query) scores.at[t][i] = hidden;
    }
  }
}

// Queries, and two stages of keys and values.
template <int kWidth>
BONSAI_EVERYWHERE constexpr int AttendTilesSharedBytes() {
  return 5 * Tile<kWidth>::Values(kAttentionRows) * static_cast<int>(sizeof(Bf16));
}

// Blocks: tiles of queries (the longest first), heads, sequences. While a tile of keys is worked on, the next
// is copied.
template <int kWidth>
BONSAI_KERNEL(kAttentionThreads)
AttendTiles(AttentionSizes sizes, float scale, const Bf16* qkv, Bf16* out, float* log_sum) {
  constexpr int kKeyTiles = kAttentionRows / 8, kTileValues = Tile<kWidth>::Values(kAttentionRows);
  Bf16* shared = reinterpret_cast<Bf16*>(DynamicShared());
  const Tile<kWidth> queries = {shared};
  const int tile = GridX() - 1 - BlockX(), row = ThreadX() / kWarp * kFragmentRows;
  const int64_t first = int64_t{tile} * kAttentionRows, count = sizes.positions - first;
  const int64_t stride = sizes.qkv_width();
  const HeadPlace place = PlaceOfHead(sizes, BlockZ(), BlockY());
  const KeyValueStages<kWidth> stages = {shared + kTileValues, qkv + place.key, qkv + place.value, stride,
                                         sizes.positions};

  queries.template Fetch<kAttentionRows>(qkv + place.query + first * stride, stride, count);
  stages.Fetch(0);
  RowSoftmax softmax;
  Accumulator<kWidth / 8> result;
  result.Clear();
  for (int t = 0; t <= tile; ++t) {
    if (t < tile) {
      stages.Fetch(t + 1);
      WaitCopies<1>();
    } else {
      WaitCopies<0>();
    }
    SyncBlock();
    Accumulator<kKeyTiles> scores;
    scores.Clear();
    scores.AddScores(queries, row, stages.Keys(t));
    if (t == tile) MaskLater(scores, row, 0, -__builtin_inff());
    float correction[2];
    softmax.Add(scores, scale * kLog2E, correction);
    BONSAI_UNROLL
    for (int d = 0; d < kWidth / 8; ++d) {
      BONSAI_UNROLL
      for (int i = 0; i < 4; ++i) result.at[d][i] *= correction[i / 2];
    }
    result.AddProduct(scores, stages.Values(t));
    SyncBlock();  // before the stage is filled again
  }
  softmax.Finish();
  BONSAI_UNROLL
  for (int d = 0; d < kWidth / 8; ++d) {
    BONSAI_UNROLL
    for (int i = 0; i < 4; ++i) result.at[d][i] /= softmax.sum[i / 2];
  }
  const int lane = ThreadX() % kWarp;
  float* sums = log_sum + (BlockZ() * sizes.heads + BlockY()) * sizes.positions + first;
  BONSAI_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int own = row + lane / 4 + 8 * half;
    if (lane % 4 == 0 && own < count) sums[own] = softmax.top[half] * scale + Log(softmax.sum[half]);
  }
  result.Leave(queries, row);
  SyncBlock();
  WriteTile(queries, out + place.out + first * sizes.out_width(), sizes.out_width(), count);
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_ATTENTION_FORWARD_KERNEL_H_
