// A bfloat16 value as 16 bits, converted by rounding to the nearest even: the same on the device, in the
// emulation and on the host. Plain functions; standard library only.
#ifndef BONSAI_WORKER_TRAIN_CUDA_BFLOAT16_H_
#define BONSAI_WORKER_TRAIN_CUDA_BFLOAT16_H_

#include <cstdint>
#include <cstring>

#if defined(__CUDACC__)
#define BONSAI_EVERYWHERE __host__ __device__ __forceinline__
#else
#define BONSAI_EVERYWHERE inline
#endif

namespace bonsai::cuda {

struct Bf16 {
  uint16_t bits;
};

BONSAI_EVERYWHERE float FloatOf(uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(bits);
#else
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
#endif
}

BONSAI_EVERYWHERE uint32_t BitsOf(float value) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(value);
#else
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
#endif
}

// Two values in a register, the first in the low half: what mma and 4-byte stores take.
BONSAI_EVERYWHERE uint32_t PackBf16(float low, float high) {
#if defined(__CUDA_ARCH__)
  uint32_t packed;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
#else
  const auto round = [](float value) -> uint32_t {
    const uint32_t bits = BitsOf(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;  // NaN stays NaN
    return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  };
  return round(low) | (round(high) << 16);
#endif
}

BONSAI_EVERYWHERE float ToFloat(float value) { return value; }
BONSAI_EVERYWHERE float ToFloat(Bf16 value) { return FloatOf(static_cast<uint32_t>(value.bits) << 16); }

template <typename T>
BONSAI_EVERYWHERE T FromFloat(float value);
template <>
BONSAI_EVERYWHERE float FromFloat<float>(float value) {
  return value;
}
template <>
BONSAI_EVERYWHERE Bf16 FromFloat<Bf16>(float value) {
  return {static_cast<uint16_t>(PackBf16(value, 0.0f) & 0xffffu)};
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_BFLOAT16_H_
