// kernel_language.h for g++: the same words, done by EmulatedGrid one thread at a time. Included by
// kernel_language.h alone, in tests alone.
#ifndef BONSAI_WORKER_TRAIN_CUDA_KERNEL_LANGUAGE_EMULATED_H_
#define BONSAI_WORKER_TRAIN_CUDA_KERNEL_LANGUAGE_EMULATED_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#include "worker/train/cuda/bfloat16.h"
#include "worker/train/cuda/emulated_grid.h"

#define BONSAI_DEVICE inline
#define BONSAI_KERNEL(threads) [[maybe_unused]] static void
#define BONSAI_SHARED static
#define BONSAI_UNROLL

namespace bonsai::cuda {

inline int ThreadX() { return EmulatedGrid::Current().thread(); }
inline int BlockX() { return EmulatedGrid::Current().block().x; }
inline int BlockY() { return EmulatedGrid::Current().block().y; }
inline int BlockZ() { return EmulatedGrid::Current().block().z; }
inline int GridX() { return EmulatedGrid::Current().grid().x; }

inline void SyncBlock() { EmulatedGrid::Current().SyncBlock(); }
inline void SyncWarp() { EmulatedGrid::Current().SyncWarp(); }
inline float Shuffle(float value, int lane) {
  return FloatOf(EmulatedGrid::Current().Exchange(BitsOf(value), lane));
}
inline float ShuffleXor(float value, int mask) { return Shuffle(value, (ThreadX() % 32) ^ mask); }

inline char* DynamicShared() { return EmulatedGrid::Current().dynamic_shared(); }

inline float Exp(float x) { return std::exp(x); }
inline float Exp2(float x) { return std::exp2(x); }
inline float Log(float x) { return std::log(x); }
inline float SquareRoot(float x) { return std::sqrt(x); }
inline double SquareRoot(double x) { return std::sqrt(x); }

// Done at once; nothing here notices a missing wait.
inline void CopyAsync16(void* shared, const void* global, bool valid) {
  if (valid) {
    std::memcpy(shared, global, 16);
  } else {
    std::memset(shared, 0, 16);
  }
}
inline void CommitCopies() {}
template <int kPending>
inline void WaitCopies() {}

inline void LoadMatrices(uint32_t (&r)[4], const Bf16* row) {
  EmulatedGrid::Current().LoadMatrices(r, row, false);
}
inline void LoadMatricesTransposed(uint32_t (&r)[4], const Bf16* row) {
  EmulatedGrid::Current().LoadMatrices(r, row, true);
}
inline void MultiplyTile(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  EmulatedGrid::Current().MultiplyTile(c, a, b0, b1);
}

template <typename... Parameters, typename... Arguments>
void Launch(const Extent& grid, int threads, size_t shared_bytes, void*, void (*kernel)(Parameters...),
            const Arguments&... arguments) {
  EmulatedGrid::Current().Run(grid, threads, shared_bytes, [&] { kernel(arguments...); });
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_KERNEL_LANGUAGE_EMULATED_H_
