// What the attention kernels' tiles have in common: their place in shared memory, and the fragments that
// mma.m16n8k16 takes from them (PTX ISA, "Matrix fragments for mma.m16n8k16").
#ifndef BONSAI_WORKER_TRAIN_CUDA_ATTENTION_TILE_H_
#define BONSAI_WORKER_TRAIN_CUDA_ATTENTION_TILE_H_

#include "worker/train/cuda/kernel_language.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

inline constexpr int kAttentionWarps = 4;
inline constexpr int kAttentionThreads = kAttentionWarps * kWarp;
inline constexpr int kFragmentRows = 16;                                // of a warp
inline constexpr int kAttentionRows = kAttentionWarps * kFragmentRows;  // of a block: queries or keys
inline constexpr float kLog2E = 1.44269504088896f, kLn2 = 0.69314718055995f;

// kRows rows of a head's values in shared memory, 16 bytes apart beyond their width, so that the eight rows
// of an ldmatrix lie in eight different groups of four banks for every width that is a multiple of 16.
template <int kWidth>
struct Tile {
  static constexpr int kStride = kWidth + 8;
  static BONSAI_EVERYWHERE constexpr int Values(int rows) { return rows * kStride; }

  Bf16* at;

  BONSAI_DEVICE const Bf16* Row(int row, int col) const { return at + row * kStride + col; }

  // Begins the copy of rows 0 .. count - 1 from global memory, zeros below them.
  template <int kRows>
  BONSAI_DEVICE void Fetch(const Bf16* from, int64_t stride, int64_t count) const {
    constexpr int kPieces = kWidth / 8;
    for (int i = ThreadX(); i < kRows * kPieces; i += kAttentionThreads) {
      const int row = i / kPieces, col = i % kPieces * 8;
      const bool valid = row < count;
      CopyAsync16(at + row * kStride + col, valid ? from + row * stride + col : from, valid);
    }
  }

  // a[16, 16]: rows from `row`, columns from `col`.
  BONSAI_DEVICE void Left(uint32_t (&a)[4], int row, int col) const {
    const int lane = ThreadX() % kWarp;
    LoadMatrices(a, Row(row + lane % 16, col + lane / 16 * 8));
  }
  // Two b[16, 8] side by side, b[k, n] = this[n + row, k + col]: registers 0 and 1, 2 and 3.
  BONSAI_DEVICE void RightOfRows(uint32_t (&b)[4], int row, int col) const {
    const int lane = ThreadX() % kWarp;
    LoadMatrices(b, Row(row + lane % 8 + lane / 16 * 8, col + lane / 8 % 2 * 8));
  }
  // The same with b[k, n] = this[k + row, n + col].
  BONSAI_DEVICE void Right(uint32_t (&b)[4], int row, int col) const {
    const int lane = ThreadX() % kWarp;
    LoadMatricesTransposed(b, Row(row + lane % 16, col + lane / 16 * 8));
  }
};

// c[16, 8 kTiles] of a warp: lane l holds rows l / 4 and l / 4 + 8 (registers 0, 1 and 2, 3) of columns
// 2 (l % 4) and the next, of each tile of eight columns.
template <int kTiles>
struct Accumulator {
  float at[kTiles][4];

  BONSAI_DEVICE void Clear() {
    BONSAI_UNROLL
    for (int t = 0; t < kTiles; ++t) {
      BONSAI_UNROLL
      for (int i = 0; i < 4; ++i) at[t][i] = 0;
    }
  }

  // += left[row .. row + 15] right^T, over kWidth columns: scores of rows against rows.
  template <int kWidth>
  BONSAI_DEVICE void AddScores(const Tile<kWidth>& left, int row, const Tile<kWidth>& right) {
    BONSAI_UNROLL
    for (int k = 0; k < kWidth; k += 16) {
      uint32_t a[4];
      left.Left(a, row, k);
      BONSAI_UNROLL
      for (int t = 0; t < kTiles; t += 2) {
        uint32_t b[4];
        right.RightOfRows(b, t * 8, k);
        MultiplyTile(at[t], a, b[0], b[1]);
        MultiplyTile(at[t + 1], a, b[2], b[3]);
      }
    }
  }

  // += left right, where left[16, 8 kInner] is another accumulator, rounded to bfloat16: its registers are
  // those of a left operand as they are.
  template <int kInner, int kWidth>
  BONSAI_DEVICE void AddProduct(const Accumulator<kInner>& left, const Tile<kWidth>& right) {
    BONSAI_UNROLL
    for (int k = 0; k < kInner; k += 2) {
      const uint32_t a[4] = {PackBf16(left.at[k][0], left.at[k][1]), PackBf16(left.at[k][2], left.at[k][3]),
                             PackBf16(left.at[k + 1][0], left.at[k + 1][1]),
                             PackBf16(left.at[k + 1][2], left.at[k + 1][3])};
      BONSAI_UNROLL
      for (int t = 0; t < kTiles; t += 2) {
        uint32_t b[4];
        right.Right(b, k * 8, t * 8);
        MultiplyTile(at[t], a, b[0], b[1]);
        MultiplyTile(at[t + 1], a, b[2], b[3]);
      }
    }
  }

  // Leaves the rows in `tile`, from `row` on, as bfloat16.
  template <int kWidth>
  BONSAI_DEVICE void Leave(const Tile<kWidth>& tile, int row) const {
    const int lane = ThreadX() % kWarp;
    BONSAI_UNROLL
    for (int t = 0; t < kTiles; ++t) {
      BONSAI_UNROLL
      for (int half = 0; half < 2; ++half) {
        const Bf16* to = tile.Row(row + lane / 4 + 8 * half, t * 8 + lane % 4 * 2);
        *reinterpret_cast<uint32_t*>(const_cast<Bf16*>(to)) = PackBf16(at[t][2 * half], at[t][2 * half + 1]);
      }
    }
  }
};

// The first `count` rows of a tile to global memory, 16 bytes a thread. All of the block calls it, after a
// barrier.
template <int kWidth>
BONSAI_DEVICE void WriteTile(const Tile<kWidth>& tile, Bf16* to, int64_t stride, int64_t count) {
  constexpr int kPieces = kWidth / 8;
  for (int i = ThreadX(); i < kAttentionRows * kPieces; i += kAttentionThreads) {
    const int row = i / kPieces, col = i % kPieces * 8;
    if (row < count) Store16(to + row * stride + col, Load16(tile.Row(row, col)));
  }
}

// Where a block's head begins in a sequence's queries, keys, values.
struct HeadPlace {
  int64_t query, key, value, out;  // offsets of position 0 in qkv, and in out
};
BONSAI_DEVICE HeadPlace PlaceOfHead(const AttentionSizes& sizes, int64_t row, int64_t head) {
  const int64_t begin = row * sizes.positions * sizes.qkv_width();
  const int64_t kv_head = head / (sizes.heads / sizes.kv_heads);
  return {begin + head * sizes.head_dim, begin + (sizes.heads + kv_head) * sizes.head_dim,
          begin + (sizes.heads + sizes.kv_heads + kv_head) * sizes.head_dim,
          row * sizes.positions * sizes.out_width() + head * sizes.head_dim};
}

// A head's keys and values by tiles, two of each in shared memory: one pair is copied while the other is
// used.
template <int kWidth>
struct KeyValueStages {
  static constexpr int kTileValues = Tile<kWidth>::Values(kAttentionRows);

  Bf16* shared;             // four tiles
  const Bf16 *key, *value;  // of the head, at position 0
  int64_t stride, positions;

  BONSAI_DEVICE Tile<kWidth> Keys(int tile) const { return {shared + tile % 2 * 2 * kTileValues}; }
  BONSAI_DEVICE Tile<kWidth> Values(int tile) const { return {shared + (tile % 2 * 2 + 1) * kTileValues}; }

  // Begins the copy of a tile over the one before the last.
  BONSAI_DEVICE void Fetch(int tile) const {
    const int64_t at = int64_t{tile} * kAttentionRows;
    Keys(tile).template Fetch<kAttentionRows>(key + at * stride, stride, positions - at);
    Values(tile).template Fetch<kAttentionRows>(value + at * stride, stride, positions - at);
    CommitCopies();
  }
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_ATTENTION_TILE_H_
