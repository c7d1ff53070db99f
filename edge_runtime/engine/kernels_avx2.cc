// AVX2 and FMA: two registers hold the 16 lanes of an output; two rows times two tokens, or four rows of one
// token, are in flight.
#include "edge_runtime/engine/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#define BONSAI_AVX2 __attribute__((target("avx2,fma")))
#define BONSAI_AVX2_INLINE __attribute__((target("avx2,fma"), always_inline)) inline

namespace bonsai::edge {
namespace {

constexpr size_t kHalf = kLanes / 2;

struct Lanes {
  __m256 low, high;
};

BONSAI_AVX2_INLINE Lanes Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }

BONSAI_AVX2_INLINE __m256i TailMask(size_t count) {
  const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(std::min(count, kHalf))), index);
}

// `count` (at most 16) values, zeros after them.
BONSAI_AVX2_INLINE Lanes Load(const float* from, size_t count) {
  if (count >= kLanes) return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + kHalf)};
  return {_mm256_maskload_ps(from, TailMask(count)),
          count <= kHalf ? _mm256_setzero_ps() : _mm256_maskload_ps(from + kHalf, TailMask(count - kHalf))};
}

BONSAI_AVX2_INLINE void Store(float* to, size_t count, Lanes lanes) {
  _mm256_maskstore_ps(to, TailMask(count), lanes.low);
  if (count > kHalf) _mm256_maskstore_ps(to + kHalf, TailMask(count - kHalf), lanes.high);
}

// Adds the lanes of four outputs, halves first.
BONSAI_AVX2_INLINE __m128 AddLanes(const Lanes* sums) {
  __m128 quarter[4];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) {
    const __m256 half = _mm256_add_ps(sums[i].low, sums[i].high);
    quarter[i] = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  }
  const __m128 a = _mm_add_ps(_mm_movelh_ps(quarter[0], quarter[1]), _mm_movehl_ps(quarter[1], quarter[0]));
  const __m128 b = _mm_add_ps(_mm_movelh_ps(quarter[2], quarter[3]), _mm_movehl_ps(quarter[3], quarter[2]));
  return _mm_add_ps(_mm_shuffle_ps(a, b, 0x88), _mm_shuffle_ps(a, b, 0xDD));
}

// kRows rows from `row` on (those beyond the last repeat it) times kTokens tokens: four outputs, row by row
// within a token.
template <size_t kRows, size_t kTokens>
BONSAI_AVX2_INLINE void Tile(const MatrixProduct& p, size_t row, size_t rows, size_t token) {
  static_assert(kRows * kTokens == 4);
  const float* w[kRows];
  const float* x[kTokens];
#pragma GCC unroll 4
  for (size_t r = 0; r < kRows; ++r) w[r] = p.weights + (row + std::min(r, rows - 1)) * p.weight_stride;
#pragma GCC unroll 2
  for (size_t t = 0; t < kTokens; ++t) x[t] = p.inputs + (token + t) * p.input_stride;
  Lanes sums[4] = {Zero(), Zero(), Zero(), Zero()};
  for (size_t column = 0; column < p.columns; column += kLanes) {
    const size_t count = p.columns - column;
    Lanes input[kTokens];
#pragma GCC unroll 2
    for (size_t t = 0; t < kTokens; ++t) input[t] = Load(x[t] + column, count);
#pragma GCC unroll 4
    for (size_t r = 0; r < kRows; ++r) {
      const Lanes weight = Load(w[r] + column, count);
#pragma GCC unroll 2
      for (size_t t = 0; t < kTokens; ++t) {
        Lanes& sum = sums[t * kRows + r];
        sum.low = _mm256_fmadd_ps(weight.low, input[t].low, sum.low);
        sum.high = _mm256_fmadd_ps(weight.high, input[t].high, sum.high);
      }
    }
  }
  float out[4];
  _mm_storeu_ps(out, AddLanes(sums));
  for (size_t t = 0; t < kTokens; ++t) {
    for (size_t r = 0; r < std::min(kRows, rows); ++r) {
      p.out[(token + t) * p.out_stride + row + r] = out[t * kRows + r];
    }
  }
}

BONSAI_AVX2 void Multiply(const MatrixProduct& p) {
  for (size_t row = 0; row < p.rows; row += 4) {
    const size_t rows = std::min<size_t>(4, p.rows - row);
    size_t token = 0;
    for (; token + 2 <= p.tokens; token += 2) {
      Tile<2, 2>(p, row, rows, token);
      if (rows > 2) Tile<2, 2>(p, row + 2, rows - 2, token);
    }
    if (token < p.tokens) Tile<4, 1>(p, row, rows, token);
  }
}

// ReferenceExp in 8 lanes.
BONSAI_AVX2_INLINE __m256 Exp(__m256 x) {
  const __m256 shift = _mm256_set1_ps(kRoundingShift);
  const __m256 shifted = _mm256_fmadd_ps(x, _mm256_set1_ps(kLog2E), shift);
  const __m256 n = _mm256_sub_ps(shifted, shift);
  __m256 r = _mm256_fmadd_ps(n, _mm256_set1_ps(-kLn2High), x);
  r = _mm256_fmadd_ps(n, _mm256_set1_ps(-kLn2Low), r);
  __m256 power = _mm256_set1_ps(kExpTaylor[0]);
#pragma GCC unroll 8
  for (size_t i = 1; i < std::size(kExpTaylor); ++i) {
    power = _mm256_fmadd_ps(power, r, _mm256_set1_ps(kExpTaylor[i]));
  }
  const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  __m256 result = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(power), exponent));
  result = _mm256_andnot_ps(_mm256_cmp_ps(x, _mm256_set1_ps(kExpLowest), _CMP_LT_OQ), result);
  result = _mm256_blendv_ps(result, _mm256_set1_ps(__builtin_inff()),
                            _mm256_cmp_ps(x, _mm256_set1_ps(kExpHighest), _CMP_GT_OQ));
  return _mm256_blendv_ps(result, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

BONSAI_AVX2 void Softmax(float* values, size_t count) {
  float max = values[0];
  for (size_t i = 1; i < count; ++i) max = values[i] > max ? values[i] : max;
  const __m256 offset = _mm256_set1_ps(max);
  Lanes sums[4] = {Zero(), Zero(), Zero(), Zero()};
  for (size_t i = 0; i < count; i += kLanes) {
    Lanes lanes = Load(values + i, count - i);
    lanes.low = Exp(_mm256_sub_ps(lanes.low, offset));
    lanes.high = Exp(_mm256_sub_ps(lanes.high, offset));
    Store(values + i, count - i, lanes);
    lanes = Load(values + i, count - i);  // again, for the zeros after the last
    sums[0].low = _mm256_add_ps(sums[0].low, lanes.low);
    sums[0].high = _mm256_add_ps(sums[0].high, lanes.high);
  }
  const float scale = 1.0f / _mm_cvtss_f32(AddLanes(sums));
  for (size_t i = 0; i < count; ++i) values[i] *= scale;
}

BONSAI_AVX2 void SiluMultiply(float* gate, const float* up, size_t count) {
  const __m256 one = _mm256_set1_ps(1.0f), sign = _mm256_set1_ps(-0.0f);
  for (size_t i = 0; i < count; i += kHalf) {
    const __m256i mask = TailMask(count - i);
    const __m256 g = _mm256_maskload_ps(gate + i, mask);
    const __m256 silu = _mm256_div_ps(g, _mm256_add_ps(one, Exp(_mm256_xor_ps(g, sign))));
    _mm256_maskstore_ps(gate + i, mask, _mm256_mul_ps(silu, _mm256_maskload_ps(up + i, mask)));
  }
}

BONSAI_AVX2 void SoftCap(float* values, size_t count, float cap) {
  const __m256 one = _mm256_set1_ps(1.0f), two = _mm256_set1_ps(2.0f), sign = _mm256_set1_ps(-0.0f);
  const __m256 inverse = _mm256_set1_ps(1.0f / cap), below = _mm256_set1_ps(kTanhSeriesBelow);
  for (size_t i = 0; i < count; i += kHalf) {
    const __m256i mask = TailMask(count - i);
    const __m256 x = _mm256_mul_ps(_mm256_maskload_ps(values + i, mask), inverse);
    const __m256 far = _mm256_sub_ps(one, _mm256_div_ps(two, _mm256_add_ps(one, Exp(_mm256_add_ps(x, x)))));
    const __m256 square = _mm256_mul_ps(x, x);
    __m256 series = _mm256_set1_ps(kTanhTaylor[0]);
#pragma GCC unroll 4
    for (size_t k = 1; k < std::size(kTanhTaylor); ++k) {
      series = _mm256_fmadd_ps(series, square, _mm256_set1_ps(kTanhTaylor[k]));
    }
    series = _mm256_fmadd_ps(_mm256_mul_ps(series, square), x, x);
    const __m256 near = _mm256_cmp_ps(_mm256_andnot_ps(sign, x), below, _CMP_LT_OQ);
    const __m256 tanh = _mm256_blendv_ps(far, series, near);
    _mm256_maskstore_ps(values + i, mask, _mm256_mul_ps(_mm256_set1_ps(cap), tanh));
  }
}

// Adds four doubles to four lanes.
BONSAI_AVX2_INLINE __m256d AddDoubles(__m256d lanes, __m128 values) {
  return _mm256_add_pd(lanes, _mm256_cvtps_pd(values));
}

BONSAI_AVX2 void SumExp(const float* values, size_t count, float* greatest, double* sum) {
  float max = -__builtin_inff();
  const size_t whole = count / kHalf * kHalf;
  __m256 max_lanes = _mm256_set1_ps(max);
  for (size_t i = 0; i < whole; i += kHalf) max_lanes = _mm256_max_ps(_mm256_loadu_ps(values + i), max_lanes);
  float maxima[kHalf];
  _mm256_storeu_ps(maxima, max_lanes);
  for (const float one : maxima) max = one > max ? one : max;
  for (size_t i = whole; i < count; ++i) max = values[i] > max ? values[i] : max;
  const __m256 offset = _mm256_set1_ps(max);
  __m256d quarters[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
  for (size_t i = 0; i < count; i += kHalf) {
    const __m256i mask = TailMask(count - i);
    const __m256 power = Exp(_mm256_sub_ps(_mm256_maskload_ps(values + i, mask), offset));
    const __m256 kept = _mm256_and_ps(power, _mm256_castsi256_ps(mask));
    __m256d* half = quarters + i / kHalf % 2 * 2;
    half[0] = AddDoubles(half[0], _mm256_castps256_ps128(kept));
    half[1] = AddDoubles(half[1], _mm256_extractf128_ps(kept, 1));
  }
  const __m256d low = _mm256_add_pd(quarters[0], quarters[2]), high = _mm256_add_pd(quarters[1], quarters[3]);
  double lanes[4];
  _mm256_storeu_pd(lanes, _mm256_add_pd(low, high));
  *greatest = max;
  *sum = (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}

constexpr Kernels kAvx2 = {"avx2", Multiply, Softmax, SiluMultiply, SoftCap, SumExp};

}  // namespace

const Kernels* Avx2Kernels() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kAvx2 : nullptr;
}

}  // namespace bonsai::edge

#else

namespace bonsai::edge {
const Kernels* Avx2Kernels() { return nullptr; }
}  // namespace bonsai::edge

#endif
