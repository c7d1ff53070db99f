// The reference: every other table gives the bits of this one. On AArch64 and RISC-V std::fma is one
// instruction and the sixteen lanes stay in registers.
#include <bit>
#include <cmath>
#include <cstdint>

#include "edge_runtime/engine/kernels.h"

namespace bonsai::edge {
namespace {

template <typename Number>
Number SumLanes(Number* lanes) {
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  }
  return lanes[0];
}

float Dot(const float* a, const float* b, size_t count) {
  float lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t l = 0; l < kLanes; ++l) lanes[l] = std::fma(a[i + l], b[i + l], lanes[l]);
  }
  for (size_t l = 0; i < count; ++i, ++l) lanes[l] = std::fma(a[i], b[i], lanes[l]);
  return SumLanes(lanes);
}

void Multiply(const MatrixProduct& p) {
  for (size_t row = 0; row < p.rows; ++row) {
    for (size_t token = 0; token < p.tokens; ++token) {
      p.out[token * p.out_stride + row] =
          Dot(p.weights + row * p.weight_stride, p.inputs + token * p.input_stride, p.columns);
    }
  }
}

void Softmax(float* values, size_t count) {
  float max = values[0];
  for (size_t i = 1; i < count; ++i) max = values[i] > max ? values[i] : max;
  float lanes[kLanes] = {};
  for (size_t i = 0; i < count; ++i) {
    values[i] = ReferenceExp(values[i] - max);
    lanes[i % kLanes] += values[i];
  }
  const float scale = 1.0f / SumLanes(lanes);
  for (size_t i = 0; i < count; ++i) values[i] *= scale;
}

void SiluMultiply(float* gate, const float* up, size_t count) {
  for (size_t i = 0; i < count; ++i) gate[i] = gate[i] / (1.0f + ReferenceExp(-gate[i])) * up[i];
}

void SoftCap(float* values, size_t count, float cap) {
  const float inverse = 1.0f / cap;
  for (size_t i = 0; i < count; ++i) values[i] = cap * ReferenceTanh(values[i] * inverse);
}

void SumExp(const float* values, size_t count, float* greatest, double* sum) {
  float max = -INFINITY;
  for (size_t i = 0; i < count; ++i) max = values[i] > max ? values[i] : max;
  double lanes[kLanes] = {};
  for (size_t i = 0; i < count; ++i) lanes[i % kLanes] += double{ReferenceExp(values[i] - max)};
  *greatest = max;
  *sum = SumLanes(lanes);
}

constexpr Kernels kScalar = {"scalar", Multiply, Softmax, SiluMultiply, SoftCap, SumExp};

}  // namespace

const Kernels* ScalarKernels() { return &kScalar; }

float ReferenceExp(float x) {
  if (x != x) return x;
  if (x < kExpLowest) return 0.0f;
  if (x > kExpHighest) return INFINITY;
  const float shifted = std::fma(x, kLog2E, kRoundingShift);
  const float n = shifted - kRoundingShift;
  const float r = std::fma(n, -kLn2Low, std::fma(n, -kLn2High, x));
  float power = kExpTaylor[0];
  for (size_t i = 1; i < std::size(kExpTaylor); ++i) power = std::fma(power, r, kExpTaylor[i]);
  // n lies in the low bits of `shifted`; it is added to the exponent.
  return std::bit_cast<float>(std::bit_cast<uint32_t>(power) + (std::bit_cast<uint32_t>(shifted) << 23));
}

float ReferenceTanh(float x) {
  if (!(std::fabs(x) < kTanhSeriesBelow)) return 1.0f - 2.0f / (1.0f + ReferenceExp(x + x));
  const float square = x * x;
  float series = kTanhTaylor[0];
  for (size_t i = 1; i < std::size(kTanhTaylor); ++i) series = std::fma(series, square, kTanhTaylor[i]);
  return std::fma(series * square, x, x);
}

}  // namespace bonsai::edge
