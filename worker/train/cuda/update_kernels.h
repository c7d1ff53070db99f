// The update of the parameters: AdamW in one pass, and the parts of Muon around its matrix products.
#ifndef BONSAI_WORKER_TRAIN_CUDA_UPDATE_KERNELS_H_
#define BONSAI_WORKER_TRAIN_CUDA_UPDATE_KERNELS_H_

#include "worker/train/cuda/element_kernels.h"

namespace bonsai::cuda {

// What the gradient is multiplied by, so that its norm is at most clip_norm.
BONSAI_DEVICE float ClipFactor(const UpdateBuffers& buffers) {
  const float limit = buffers.scalars->clip_norm;
  const double norm = SquareRoot(*buffers.square);
  return limit > 0 && norm > double{limit} ? static_cast<float>(limit / norm) : 1.0f;
}

BONSAI_DEVICE float AdamwValue(const UpdateScalars& k, float keep, float clip, float gradient,
                               float parameter, float& moment1, float& moment2) {
  const float g = gradient * clip;
  moment1 = k.beta1 * moment1 + (1.0f - k.beta1) * g;
  moment2 = k.beta2 * moment2 + (1.0f - k.beta2) * g * g;
  return parameter * keep - k.learning_rate / k.bias1 * moment1 / (SquareRoot(moment2 / k.bias2) + k.epsilon);
}

// A block for each chunk. Reads 16 bytes a parameter (value, gradient, two moments), writes 12, and 2 for the
// copy that products read: 124M parameters are 3.7 GB, 1.2 ms at 3 TB/s.
BONSAI_KERNEL(kElementThreads) AdamwChunks(UpdateBuffers buffers, const UpdateChunk* chunks) {
  const UpdateChunk chunk = chunks[BlockX()];
  const UpdateScalars k = *buffers.scalars;
  const float clip = ClipFactor(buffers);
  const float keep = 1.0f - (chunk.decays ? k.learning_rate * k.weight_decay : 0.0f);
  const int whole = chunk.count / 4 * 4;
  for (int i = 4 * ThreadX(); i < whole; i += 4 * kElementThreads) {
    const int64_t at = chunk.offset + i;
    Sixteen<float> p = Load16(buffers.parameters + at), m = Load16(buffers.moment1 + at);
    Sixteen<float> v = Load16(buffers.moment2 + at);
    const Sixteen<float> g = Load16(buffers.gradient + at);
    BONSAI_UNROLL
    for (int j = 0; j < 4; ++j) p.at[j] = AdamwValue(k, keep, clip, g.at[j], p.at[j], m.at[j], v.at[j]);
    Store16(buffers.parameters + at, p);
    Store16(buffers.moment1 + at, m);
    Store16(buffers.moment2 + at, v);
    if (buffers.packed == nullptr) continue;
    uint32_t* packed = reinterpret_cast<uint32_t*>(buffers.packed + at);
    packed[0] = PackBf16(p.at[0], p.at[1]);
    packed[1] = PackBf16(p.at[2], p.at[3]);
  }
  if (ThreadX() != 0) return;
  for (int64_t at = chunk.offset + whole; at < chunk.offset + chunk.count; ++at) {
    const float p = AdamwValue(k, keep, clip, buffers.gradient[at], buffers.parameters[at],
                               buffers.moment1[at], buffers.moment2[at]);
    buffers.parameters[at] = p;
    if (buffers.packed != nullptr) buffers.packed[at] = FromFloat<Bf16>(p);
  }
}

// A tile of 32 x 32 values a block; blocks: tiles of columns, tiles of rows, matrices.
inline constexpr int kTileSide = 32;
inline constexpr int kTileRowStep = kElementThreads / kTileSide;

// visit(row, col, value) over a tile of matrix BlockZ(): reads value from `steps`, or writes what visit
// leaves there; both through shared memory, so that a transposed matrix too is read and written by whole
// rows.
template <bool kWriteSteps, typename T, typename Visit>
BONSAI_DEVICE void VisitTile(const MuonMatrices& matrices, T* steps, const Visit& visit) {
  BONSAI_SHARED float tile[kTileSide][kTileSide + 1];
  const int x = ThreadX() % kTileSide, y = ThreadX() / kTileSide;
  const int64_t row = int64_t{BlockY()} * kTileSide, col = int64_t{BlockX()} * kTileSide;
  T* const own = steps + BlockZ() * matrices.size();
  const auto each_step = [&](const auto& act) {
    for (int i = y; i < kTileSide; i += kTileRowStep) {
      const int64_t r = matrices.tall() ? row + x : row + i, c = matrices.tall() ? col + i : col + x;
      if (r >= matrices.rows || c >= matrices.cols) continue;
      act(own[matrices.tall() ? c * matrices.rows + r : r * matrices.cols + c], tile[r - row][c - col]);
    }
  };
  if (!kWriteSteps) {
    each_step([](const T& step, float& value) { value = ToFloat(step); });
    SyncBlock();
  }
  for (int i = y; i < kTileSide; i += kTileRowStep) {
    if (row + i < matrices.rows && col + x < matrices.cols) visit(row + i, col + x, tile[i][x]);
  }
  if (kWriteSteps) {
    SyncBlock();
    each_step([](T& step, float& value) { step = FromFloat<T>(value); });
  }
}

template <typename T>
BONSAI_KERNEL(kElementThreads)
MuonMomentumTiles(UpdateBuffers buffers, MuonMatrices matrices, T* steps) {
  const float momentum = buffers.scalars->momentum, clip = ClipFactor(buffers);
  const int64_t begin = matrices.offset + BlockZ() * matrices.stride;
  VisitTile<true>(matrices, steps, [&](int64_t row, int64_t col, float& step) {
    const int64_t at = begin + row * matrices.cols + col;
    const float g = buffers.gradient[at] * clip;
    const float m = momentum * buffers.moment1[at] + (1.0f - momentum) * g;
    buffers.moment1[at] = m;
    step = momentum * m + (1.0f - momentum) * g;  // Nesterov's look ahead
  });
}

// A block for each matrix: its sum of squares.
template <typename T>
BONSAI_KERNEL(kElementThreads)
MatrixSquares(const T* steps, int64_t size, double* squares) {
  BONSAI_SHARED double scratch[kElementThreads];
  float own = 0;
  for (int64_t i = 8 * ThreadX(); i < size; i += 8 * kElementThreads) {
    float eight[8];
    Load8(steps + BlockX() * size + i, eight);
    BONSAI_UNROLL
    for (int k = 0; k < 8; ++k) own += eight[k] * eight[k];
  }
  const double sum = SumInBlock(double{own}, scratch);
  if (ThreadX() == 0) squares[BlockX()] = sum;
}

template <typename T>
BONSAI_KERNEL(kElementThreads)
MatrixScale(T* steps, int64_t size, const double* squares) {
  const double square = squares[BlockY()];
  if (square == 0) return;
  const float inverse = static_cast<float>(1.0 / SquareRoot(square));
  for (int64_t i = ElementBegin(8); i < size; i += ElementStride(8)) {
    float eight[8];
    Load8(steps + BlockY() * size + i, eight);
    BONSAI_UNROLL
    for (int k = 0; k < 8; ++k) eight[k] *= inverse;
    Store8(steps + BlockY() * size + i, eight);
  }
}

template <typename T>
BONSAI_KERNEL(kElementThreads)
PolynomialValues(int64_t count, int64_t side, float a, float b, float c, const T* gram, T* square) {
  for (int64_t i = ElementBegin(1); i < count * side * side; i += ElementStride(1)) {
    const int64_t at = i % (side * side);
    const float diagonal = at / side == at % side ? a : 0.0f;
    square[i] = FromFloat<T>(b * ToFloat(gram[i]) + c * ToFloat(square[i]) + diagonal);
  }
}

// Blocks: kNormMuonRows rows of a matrix (BlockX), matrices (BlockY). A thread sums some of a row's squares;
// moment2's first value of a row is its running mean square (NorMuon, Li et al. 2025).
inline constexpr int kNormMuonRows = 32;
template <typename T>
BONSAI_KERNEL(kElementThreads)
NormalizeRowScales(UpdateBuffers buffers, MuonMatrices matrices, const T* steps, float* row_scales) {
  BONSAI_SHARED float parts[kElementThreads];
  constexpr int kParts = kElementThreads / kNormMuonRows;
  const int x = ThreadX() % kNormMuonRows, part = ThreadX() / kNormMuonRows;
  const int64_t row = int64_t{BlockX()} * kNormMuonRows + x;
  const T* own = steps + BlockY() * matrices.size();
  float square = 0;
  if (row < matrices.rows) {
    for (int64_t c = part; c < matrices.cols; c += kParts) {
      const float value = ToFloat(own[matrices.tall() ? c * matrices.rows + row : row * matrices.cols + c]);
      square += value * value;
    }
  }
  parts[ThreadX()] = square;
  SyncBlock();
  if (part != 0 || row >= matrices.rows) return;
  for (int i = 1; i < kParts; ++i) square += parts[i * kNormMuonRows + x];
  const float beta = buffers.scalars->row_beta;
  float* mean = buffers.moment2 + matrices.offset + BlockY() * matrices.stride + row;
  *mean = beta * *mean + (1.0f - beta) * (square / static_cast<float>(matrices.cols));
  float* scales = row_scales + BlockY() * 2 * matrices.rows;
  scales[row] = 1.0f / (SquareRoot(*mean) + 1e-10f);
  scales[matrices.rows + row] = square;
}

// A block for each matrix: scales its rows' scales so that the step keeps its Frobenius norm.
BONSAI_KERNEL(kElementThreads) KeepFrobeniusNorm(int64_t rows, float* row_scales) {
  BONSAI_SHARED double scratch[kElementThreads];
  float* scales = row_scales + BlockX() * 2 * rows;
  double before = 0, after = 0;
  for (int64_t r = ThreadX(); r < rows; r += kElementThreads) {
    const double square = double{scales[rows + r]};
    before += square;
    after += square * double{scales[r]} * double{scales[r]};
  }
  before = SumInBlock(before, scratch);
  SyncBlock();
  after = SumInBlock(after, scratch);
  if (after == 0) return;
  const float keep = static_cast<float>(SquareRoot(before / after));
  for (int64_t r = ThreadX(); r < rows; r += kElementThreads) scales[r] *= keep;
}

template <typename T>
BONSAI_KERNEL(kElementThreads)
MuonApplyTiles(UpdateBuffers buffers, MuonMatrices matrices, const T* steps, const float* row_scales) {
  const UpdateScalars& k = *buffers.scalars;
  // A tall matrix gets longer steps, so that its output changes as much as a wide one's.
  const float ratio = static_cast<float>(matrices.rows) / static_cast<float>(matrices.cols);
  const float length = k.muon_learning_rate * (ratio > 1.0f ? SquareRoot(ratio) : 1.0f);
  const float keep = 1.0f - k.muon_learning_rate * k.weight_decay;
  const int64_t begin = matrices.offset + BlockZ() * matrices.stride;
  VisitTile<false>(matrices, const_cast<T*>(steps), [&](int64_t row, int64_t col, float& step) {
    const float scale = matrices.normalize_rows ? row_scales[BlockZ() * 2 * matrices.rows + row] : 1.0f;
    const int64_t at = begin + row * matrices.cols + col;
    const float p = buffers.parameters[at] * keep - length * step * scale;
    buffers.parameters[at] = p;
    if (buffers.packed != nullptr) buffers.packed[at] = FromFloat<Bf16>(p);
  });
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_UPDATE_KERNELS_H_
