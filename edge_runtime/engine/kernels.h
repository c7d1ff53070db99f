// The inner loops of the engine, one table per instruction set, one file each. A later instruction set adds a
// file and an entry in kernels.cc.
//
// The contract that makes results independent of threads, batch and cut, and the same on every CPU: every sum
// of products runs in 16 lanes (lane l takes the elements l, l + 16, ... in order, each by one fused
// multiply-add), and the lanes are then added in halves (l and l + 8, l + 4, l + 2, l + 1). exp is
// ReferenceExp. So each table gives the bits of the scalar one, and tests compare them for equality (NaN
// excepted, whose payload may differ).
//
// Pure functions of their arguments; standard library only.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_KERNELS_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_KERNELS_H_

#include <cstddef>
#include <string>

#include "edge_runtime/engine/engine.h"

namespace bonsai::edge {

inline constexpr size_t kLanes = 16;

// out[t][r] = sum over i of weights[r][i] * inputs[t][i]. Strides are in floats, between rows; nothing
// overlaps.
struct MatrixProduct {
  const float* weights;  // [rows, columns]
  size_t weight_stride;
  size_t rows;
  const float* inputs;  // [tokens, columns]
  size_t input_stride;
  size_t tokens;
  size_t columns;
  float* out;  // [tokens, rows]
  size_t out_stride;
};

struct Kernels {
  const char* name;
  void (*multiply)(const MatrixProduct& product);
  // In place: exp(v - max) / sum. count > 0.
  void (*softmax)(float* values, size_t count);
  // gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i]
  void (*silu_multiply)(float* gate, const float* up, size_t count);
  // values[i] = cap * ReferenceTanh(values[i] * (1 / cap)); cap > 0.
  void (*soft_cap)(float* values, size_t count, float cap);
  // The greatest value (NaN is never greater), and the sum of ReferenceExp(values[i] - *greatest), its lanes
  // in double.
  void (*sum_exp)(const float* values, size_t count, float* greatest, double* sum);
};

// nullptr if this build or this CPU lacks the instructions.
const Kernels* ScalarKernels();
const Kernels* Avx2Kernels();
const Kernels* Avx512Kernels();

// kAuto gives the fastest. nullptr and *error if the CPU lacks the set.
const Kernels* SelectKernels(KernelSet set, std::string* error);

// exp by range reduction to |r| <= ln(2) / 2 and the Taylor polynomial of degree 7, in fused multiply-adds:
// within 2 ulp. Below -86 it is 0, above 88 infinite; NaN gives NaN.
float ReferenceExp(float x);

// tanh: below kTanhSeriesBelow the Taylor polynomial of degree 9, else 1 - 2 / (1 + ReferenceExp(2 x));
// within 9 ulp.
float ReferenceTanh(float x);

// Their constants, which the vector versions share.
inline constexpr float kExpLowest = -86.0f;
inline constexpr float kExpHighest = 88.0f;
inline constexpr float kLog2E = 0x1.715476p+0f;
inline constexpr float kLn2High = 0x1.62e43p-1f;     // x - n * kLn2High is rounded once
inline constexpr float kLn2Low = -0x1.05c610p-29f;   // ln(2) - kLn2High
inline constexpr float kRoundingShift = 0x1.8p+23f;  // x + this - this rounds x to an integer
inline constexpr float kExpTaylor[] = {1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24,
                                       1.0f / 6,    0.5f,       1.0f,       1.0f};
inline constexpr float kTanhSeriesBelow = 0.25f;
inline constexpr float kTanhTaylor[] = {62.0f / 2835, -17.0f / 315, 2.0f / 15, -1.0f / 3};  // of x^9 to x^3

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_KERNELS_H_
