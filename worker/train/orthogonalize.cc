#include "worker/train/orthogonalize.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "worker/train/matmul.h"

namespace bonsai {
namespace {

// x <- a x + b (x x^T) x + c (x x^T)^2 x, five times. The coefficients are Jordan's: the steepest at 0 whose
// iteration stays near 1.
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
constexpr int kSteps = 5;

void Transposed(const float* from, int64_t rows, int64_t cols, float* to) {
  constexpr int64_t kTile = 16;
  for (int64_t r = 0; r < rows; r += kTile) {
    for (int64_t c = 0; c < cols; ++c) {
      for (int64_t i = r; i < std::min(r + kTile, rows); ++i) to[c * rows + i] = from[i * cols + c];
    }
  }
}

}  // namespace

void Orthogonalizer::Apply(float* x, int64_t rows, int64_t cols) {
  const int64_t size = rows * cols, r = std::min(rows, cols), c = std::max(rows, cols);
  double square = 0;
  for (int64_t i = 0; i < size; ++i) square += double{x[i]} * double{x[i]};
  if (square == 0) return;
  const float inverse = static_cast<float>(1.0 / std::sqrt(square));
  wide_.resize(size);
  next_.resize(size);
  gram_.resize(r * r);
  square_.resize(r * r);
  if (rows > cols) {
    Transposed(x, rows, cols, wide_.data());
  } else {
    std::copy_n(x, size, wide_.data());
  }
  for (float& value : wide_) value *= inverse;
  for (int step = 0; step < kSteps; ++step) {
    Multiply(r, r, c, {wide_.data(), c}, {wide_.data(), c, Transpose::kYes}, 0, gram_.data(), r);
    Multiply(r, r, r, {gram_.data(), r}, {gram_.data(), r}, 0, square_.data(), r);
    for (int64_t i = 0; i < r * r; ++i) square_[i] = kB * gram_[i] + kC * square_[i];
    for (int64_t i = 0; i < r; ++i) square_[i * r + i] += kA;
    Multiply(r, c, r, {square_.data(), r}, {wide_.data(), c}, 0, next_.data(), c);
    std::swap(wide_, next_);
  }
  if (rows > cols) {
    Transposed(wide_.data(), r, c, x);
  } else {
    std::copy_n(wide_.data(), size, x);
  }
}

}  // namespace bonsai
