#include "worker/surgery/half_float.h"

#include <bit>

namespace bonsai {

uint16_t HalfFloatBits(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;  // 65520
  uint32_t shift = 13;
  uint32_t significand = magnitude;
  if (magnitude >= 0x38800000) {  // 2^-14: normal
    significand -= 112u << 23;
  } else {
    // Subnormal: the significand with its leading 1, in units of 2^-24.
    const uint32_t exponent = magnitude >> 23;
    if (exponent < 102) return sign;  // less than half of the smallest
    significand = (magnitude & 0x7fffff) | 0x800000;
    shift = 126 - exponent;
  }
  const uint32_t kept = significand >> shift;
  const uint32_t rest = significand & ((1u << shift) - 1);
  const uint32_t half = 1u << (shift - 1);
  return static_cast<uint16_t>(sign | (kept + (rest > half || (rest == half && (kept & 1) != 0) ? 1 : 0)));
}

}  // namespace bonsai
