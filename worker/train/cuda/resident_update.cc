// ResidentModel's update.
#include <algorithm>
#include <utility>

#include "worker/train/cuda/resident_model.h"

namespace bonsai::cuda {
namespace {

// Newton and Schulz's iteration with Jordan's coefficients, as orthogonalize.cc.
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
constexpr int kSteps = 5;

}  // namespace

void ResidentModel::Orthogonalize(const MuonMatrices& m) {
  const int64_t side = std::min(m.rows, m.cols), length = std::max(m.rows, m.cols), square = side * side;
  for (int step = 0; step < kSteps; ++step) {
    device_.Multiply({.m = side,
                      .n = side,
                      .k = length,
                      .a = {steps_, length, false, m.size()},
                      .b = {steps_, length, true, m.size()},
                      .c = {gram_, side, false, square},
                      .batch = m.count});
    device_.Multiply({.m = side,
                      .n = side,
                      .k = side,
                      .a = {gram_, side, false, square},
                      .b = {gram_, side, false, square},
                      .c = {square_matrix_, side, false, square},
                      .batch = m.count});
    device_.MuonPolynomial(m.count, side, kA, kB, kC, gram_, square_matrix_);
    device_.Multiply({.m = side,
                      .n = length,
                      .k = side,
                      .a = {square_matrix_, side, false, square},
                      .b = {steps_, length, false, m.size()},
                      .c = {next_, length, false, m.size()},
                      .batch = m.count});
    std::swap(steps_, next_);
  }
}

void ResidentModel::Update(const UpdateScalars& scalars) {
  device_.CopyIn(update_scalars_, &scalars, sizeof(scalars));
  const UpdateBuffers buffers = {parameters_, gradient_,       moment1_, moment2_,
                                 packed_,     update_scalars_, square_};
  device_.Repeat(KeyOf(Work::kUpdate, 0, 0), [&] {
    // An odd number of swaps each: a second recording must begin where the first did.
    const Cells steps = steps_, next = next_;
    for (const MuonMatrices& matrices : matrices_) {
      device_.MuonMomentum(buffers, matrices, steps_, matrix_squares_);
      device_.MuonScale(matrices, matrix_squares_, steps_);
      Orthogonalize(matrices);
      device_.MuonApply(buffers, matrices, steps_, row_scales_);
    }
    steps_ = steps;
    next_ = next;
    device_.Adamw(buffers, chunks_, chunk_count_);
  });
}

}  // namespace bonsai::cuda
