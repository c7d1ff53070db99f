// AVX-512F: one register holds the 16 lanes of an output. Eight rows times two tokens are in flight, so that
// a weight that is loaded serves two tokens and an input eight rows.
#include "edge_runtime/engine/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <bit>

// GCC's own intrinsics start from a register that they leave unset on purpose.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#define BONSAI_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl")))
#define BONSAI_AVX512_INLINE \
  __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"), always_inline)) inline

namespace bonsai::edge {
namespace {

constexpr size_t kTileRows = 8;

BONSAI_AVX512_INLINE __mmask16 Tail(size_t count) { return static_cast<__mmask16>((1u << count) - 1); }

// Adds the lanes of 16 registers: lane l of the result is the sum of sums[l].
// Each step adds the halves of what is left of every sum, and packs two registers into one.
BONSAI_AVX512_INLINE __m512 AddLanes(const __m512* sums) {
  __m512 half[8], quarter[4], eighth[2];
  // Register i of a step holds sums that end in lanes (i % 4) * 4 + i / 4, a transposition; taking them in
  // the order 0, 4, 8, 12, 1, 5, ... undoes it.
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; ++i) {
    const __m512 a = sums[(2 * i) % 4 * 4 + (2 * i) / 4], b = sums[(2 * i + 1) % 4 * 4 + (2 * i + 1) / 4];
    half[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
  }
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) {
    const __m512 a = half[2 * i], b = half[2 * i + 1];
    quarter[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
  }
#pragma GCC unroll 2
  for (size_t i = 0; i < 2; ++i) {
    const __m512d a = _mm512_castps_pd(quarter[2 * i]), b = _mm512_castps_pd(quarter[2 * i + 1]);
    eighth[i] =
        _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)), _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
  }
  return _mm512_add_ps(_mm512_shuffle_ps(eighth[0], eighth[1], 0x88),
                       _mm512_shuffle_ps(eighth[0], eighth[1], 0xDD));
}

// `rows` (at most 8) rows from `row` on, times kTokens (1 or 2) tokens from `token` on.
template <size_t kTokens>
BONSAI_AVX512_INLINE void Tile(const MatrixProduct& p, size_t row, size_t rows, size_t token) {
  const float* w[kTileRows];
#pragma GCC unroll 8
  for (size_t r = 0; r < kTileRows; ++r) w[r] = p.weights + (row + std::min(r, rows - 1)) * p.weight_stride;
  const float* x[kTokens];
#pragma GCC unroll 2
  for (size_t t = 0; t < kTokens; ++t) x[t] = p.inputs + (token + t) * p.input_stride;
  __m512 sums[16];
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) sums[i] = _mm512_setzero_ps();
  size_t column = 0;
  for (; column + kLanes <= p.columns; column += kLanes) {
    __m512 input[kTokens];
#pragma GCC unroll 2
    for (size_t t = 0; t < kTokens; ++t) input[t] = _mm512_loadu_ps(x[t] + column);
#pragma GCC unroll 8
    for (size_t r = 0; r < kTileRows; ++r) {
      __m512 weight = _mm512_loadu_ps(w[r] + column);
      asm("" : "+v"(weight));  // one load, not one for each token's multiply-add
#pragma GCC unroll 2
      for (size_t t = 0; t < kTokens; ++t)
        sums[t * 8 + r] = _mm512_fmadd_ps(weight, input[t], sums[t * 8 + r]);
    }
  }
  if (const __mmask16 tail = Tail(p.columns - column); tail != 0) {
#pragma GCC unroll 8
    for (size_t r = 0; r < kTileRows; ++r) {
      const __m512 weight = _mm512_maskz_loadu_ps(tail, w[r] + column);
#pragma GCC unroll 2
      for (size_t t = 0; t < kTokens; ++t) {
        sums[t * 8 + r] =
            _mm512_fmadd_ps(weight, _mm512_maskz_loadu_ps(tail, x[t] + column), sums[t * 8 + r]);
      }
    }
  }
  const __m512 out = AddLanes(sums);
  const __mmask8 mask = static_cast<__mmask8>(Tail(rows));
  _mm256_mask_storeu_ps(p.out + token * p.out_stride + row, mask, _mm512_castps512_ps256(out));
  if (kTokens == 2) {
    _mm256_mask_storeu_ps(p.out + (token + 1) * p.out_stride + row, mask, _mm512_extractf32x8_ps(out, 1));
  }
}

BONSAI_AVX512 void Multiply(const MatrixProduct& p) {
  for (size_t row = 0; row < p.rows; row += kTileRows) {
    const size_t rows = std::min(kTileRows, p.rows - row);
    size_t token = 0;
    for (; token + 2 <= p.tokens; token += 2) Tile<2>(p, row, rows, token);
    if (token < p.tokens) Tile<1>(p, row, rows, token);
  }
}

// ReferenceExp in 16 lanes.
BONSAI_AVX512_INLINE __m512 Exp(__m512 x) {
  const __m512 shift = _mm512_set1_ps(kRoundingShift);
  const __m512 shifted = _mm512_fmadd_ps(x, _mm512_set1_ps(kLog2E), shift);
  const __m512 n = _mm512_sub_ps(shifted, shift);
  __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-kLn2High), x);
  r = _mm512_fmadd_ps(n, _mm512_set1_ps(-kLn2Low), r);
  __m512 power = _mm512_set1_ps(kExpTaylor[0]);
#pragma GCC unroll 8
  for (size_t i = 1; i < std::size(kExpTaylor); ++i) {
    power = _mm512_fmadd_ps(power, r, _mm512_set1_ps(kExpTaylor[i]));
  }
  const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
  __m512 result = _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(power), exponent));
  result = _mm512_mask_mov_ps(result, _mm512_cmp_ps_mask(x, _mm512_set1_ps(kExpLowest), _CMP_LT_OQ),
                              _mm512_setzero_ps());
  result = _mm512_mask_mov_ps(result, _mm512_cmp_ps_mask(x, _mm512_set1_ps(kExpHighest), _CMP_GT_OQ),
                              _mm512_set1_ps(__builtin_inff()));
  return _mm512_mask_mov_ps(result, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
}

BONSAI_AVX512 void Softmax(float* values, size_t count) {
  const __m512 lowest = _mm512_set1_ps(-__builtin_inff());
  __m512 max_lanes = lowest;
  for (size_t i = 0; i < count; i += kLanes) {
    const __mmask16 mask = Tail(std::min(kLanes, count - i));
    max_lanes = _mm512_max_ps(_mm512_mask_loadu_ps(lowest, mask, values + i), max_lanes);
  }
  const __m512 max = _mm512_set1_ps(_mm512_reduce_max_ps(max_lanes));
  __m512 sums[16];
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) sums[i] = _mm512_setzero_ps();
  for (size_t i = 0; i < count; i += kLanes) {
    const __mmask16 mask = Tail(std::min(kLanes, count - i));
    const __m512 power = Exp(_mm512_sub_ps(_mm512_mask_loadu_ps(lowest, mask, values + i), max));
    _mm512_mask_storeu_ps(values + i, mask, power);
    sums[0] = _mm512_mask_add_ps(sums[0], mask, sums[0], power);
  }
  const __m512 scale = _mm512_set1_ps(1.0f / _mm512_cvtss_f32(AddLanes(sums)));
  for (size_t i = 0; i < count; i += kLanes) {
    const __mmask16 mask = Tail(std::min(kLanes, count - i));
    _mm512_mask_storeu_ps(values + i, mask, _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, values + i), scale));
  }
}

BONSAI_AVX512 void SiluMultiply(float* gate, const float* up, size_t count) {
  const __m512 one = _mm512_set1_ps(1.0f), sign = _mm512_set1_ps(-0.0f);
  for (size_t i = 0; i < count; i += kLanes) {
    const __mmask16 mask = Tail(std::min(kLanes, count - i));
    const __m512 g = _mm512_maskz_loadu_ps(mask, gate + i);
    const __m512 silu = _mm512_div_ps(g, _mm512_add_ps(one, Exp(_mm512_xor_ps(g, sign))));
    _mm512_mask_storeu_ps(gate + i, mask, _mm512_mul_ps(silu, _mm512_maskz_loadu_ps(mask, up + i)));
  }
}

BONSAI_AVX512 void SoftCap(float* values, size_t count, float cap) {
  const __m512 one = _mm512_set1_ps(1.0f), two = _mm512_set1_ps(2.0f);
  const __m512 inverse = _mm512_set1_ps(1.0f / cap), below = _mm512_set1_ps(kTanhSeriesBelow);
  for (size_t i = 0; i < count; i += kLanes) {
    const __mmask16 mask = Tail(std::min(kLanes, count - i));
    const __m512 x = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, values + i), inverse);
    const __m512 far = _mm512_sub_ps(one, _mm512_div_ps(two, _mm512_add_ps(one, Exp(_mm512_add_ps(x, x)))));
    const __m512 square = _mm512_mul_ps(x, x);
    __m512 series = _mm512_set1_ps(kTanhTaylor[0]);
#pragma GCC unroll 4
    for (size_t k = 1; k < std::size(kTanhTaylor); ++k) {
      series = _mm512_fmadd_ps(series, square, _mm512_set1_ps(kTanhTaylor[k]));
    }
    series = _mm512_fmadd_ps(_mm512_mul_ps(series, square), x, x);
    const __mmask16 near = _mm512_cmp_ps_mask(_mm512_abs_ps(x), below, _CMP_LT_OQ);
    const __m512 tanh = _mm512_mask_mov_ps(far, near, series);
    _mm512_mask_storeu_ps(values + i, mask, _mm512_mul_ps(_mm512_set1_ps(cap), tanh));
  }
}

BONSAI_AVX512 void SumExp(const float* values, size_t count, float* greatest, double* sum) {
  const __m512 lowest = _mm512_set1_ps(-__builtin_inff());
  __m512 max_lanes = lowest;
  for (size_t i = 0; i < count; i += kLanes) {
    const __mmask16 mask = Tail(std::min(kLanes, count - i));
    max_lanes = _mm512_max_ps(_mm512_mask_loadu_ps(lowest, mask, values + i), max_lanes);
  }
  *greatest = _mm512_reduce_max_ps(max_lanes);
  const __m512 max = _mm512_set1_ps(*greatest);
  __m512d low = _mm512_setzero_pd(), high = _mm512_setzero_pd();
  for (size_t i = 0; i < count; i += kLanes) {
    const __mmask16 mask = Tail(std::min(kLanes, count - i));
    const __m512 power = Exp(_mm512_sub_ps(_mm512_mask_loadu_ps(lowest, mask, values + i), max));
    const __m512 kept = _mm512_maskz_mov_ps(mask, power);
    low = _mm512_add_pd(low, _mm512_cvtps_pd(_mm512_castps512_ps256(kept)));
    high = _mm512_add_pd(high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(kept, 1)));
  }
  double lanes[8];
  _mm512_storeu_pd(lanes, _mm512_add_pd(low, high));
  for (size_t half = 4; half > 0; half /= 2) {
    for (size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  }
  *sum = lanes[0];
}

constexpr Kernels kAvx512 = {"avx512", Multiply, Softmax, SiluMultiply, SoftCap, SumExp};

}  // namespace

const Kernels* Avx512Kernels() {
  const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return has ? &kAvx512 : nullptr;
}

}  // namespace bonsai::edge

#else

namespace bonsai::edge {
const Kernels* Avx512Kernels() { return nullptr; }
}  // namespace bonsai::edge

#endif
