// The words in which the kernels of this folder are written. Under nvcc they are CUDA's; under g++ they are
// those of an emulation (emulated_grid.h), so that tests run the same source, barriers, shuffles, matrix
// fragments and all, on a machine without a GPU.
#ifndef BONSAI_WORKER_TRAIN_CUDA_KERNEL_LANGUAGE_H_
#define BONSAI_WORKER_TRAIN_CUDA_KERNEL_LANGUAGE_H_

#include <cstdint>

#include "worker/train/cuda/bfloat16.h"

#if defined(__CUDACC__)
#include "worker/train/cuda/kernel_language_cuda.h"
#else
#include "worker/train/cuda/kernel_language_emulated.h"
#endif

namespace bonsai::cuda {

inline constexpr int kWarp = 32;

// 16 bytes, the widest that a thread loads or stores at once.
template <typename T>
struct alignas(16) Sixteen {
  static constexpr int kCount = 16 / static_cast<int>(sizeof(T));
  T at[kCount];
};

// `from` is aligned to 16 bytes.
template <typename T>
BONSAI_DEVICE Sixteen<T> Load16(const T* from) {
  return *reinterpret_cast<const Sixteen<T>*>(from);
}
template <typename T>
BONSAI_DEVICE void Store16(T* to, const Sixteen<T>& values) {
  *reinterpret_cast<Sixteen<T>*>(to) = values;
}

// Eight values, as f32: one 16-byte load or store of bfloat16, two of f32.
template <typename T>
BONSAI_DEVICE void Load8(const T* from, float (&to)[8]) {
  BONSAI_UNROLL
  for (int part = 0; part < 8; part += Sixteen<T>::kCount) {
    const Sixteen<T> values = Load16(from + part);
    BONSAI_UNROLL
    for (int i = 0; i < Sixteen<T>::kCount; ++i) to[part + i] = ToFloat(values.at[i]);
  }
}
template <typename T>
BONSAI_DEVICE void Store8(T* to, const float (&from)[8]) {
  BONSAI_UNROLL
  for (int part = 0; part < 8; part += Sixteen<T>::kCount) {
    Sixteen<T> values;
    BONSAI_UNROLL
    for (int i = 0; i < Sixteen<T>::kCount; ++i) values.at[i] = FromFloat<T>(from[part + i]);
    Store16(to + part, values);
  }
}

// The same sum in every lane, by a tree of fixed shape.
BONSAI_DEVICE float WarpSum(float value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value += ShuffleXor(value, mask);
  return value;
}
BONSAI_DEVICE float WarpMax(float value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const float other = ShuffleXor(value, mask);
    value = value > other ? value : other;
  }
  return value;
}

// The same sum in every thread of the block; `scratch` holds a value for each warp and may be used again.
template <int kThreads>
BONSAI_DEVICE float BlockSum(float value, float* scratch) {
  value = WarpSum(value);
  if (ThreadX() % kWarp == 0) scratch[ThreadX() / kWarp] = value;
  SyncBlock();
  float sum = 0;
  for (int warp = 0; warp < kThreads / kWarp; ++warp) sum += scratch[warp];
  SyncBlock();
  return sum;
}
template <int kThreads>
BONSAI_DEVICE float BlockMax(float value, float* scratch) {
  value = WarpMax(value);
  if (ThreadX() % kWarp == 0) scratch[ThreadX() / kWarp] = value;
  SyncBlock();
  float top = scratch[0];
  for (int warp = 1; warp < kThreads / kWarp; ++warp) top = top > scratch[warp] ? top : scratch[warp];
  SyncBlock();
  return top;
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_KERNEL_LANGUAGE_H_
