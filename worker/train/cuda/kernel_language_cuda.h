// kernel_language.h for nvcc: CUDA's own words, and the few instructions that have no C++ name (PTX ISA 8.x,
// sm_80 and later). Included by kernel_language.h alone.
#ifndef BONSAI_WORKER_TRAIN_CUDA_KERNEL_LANGUAGE_CUDA_H_
#define BONSAI_WORKER_TRAIN_CUDA_KERNEL_LANGUAGE_CUDA_H_

#include <cuda_runtime.h>

#include <cstdint>

#include "worker/train/cuda/bfloat16.h"
#include "worker/train/cuda/cuda_call.h"

#define BONSAI_DEVICE __device__ __forceinline__
#define BONSAI_KERNEL(threads) static __global__ void __launch_bounds__(threads)
#define BONSAI_SHARED __shared__
#define BONSAI_UNROLL _Pragma("unroll")

namespace bonsai::cuda {

BONSAI_DEVICE int ThreadX() { return static_cast<int>(threadIdx.x); }
BONSAI_DEVICE int BlockX() { return static_cast<int>(blockIdx.x); }
BONSAI_DEVICE int BlockY() { return static_cast<int>(blockIdx.y); }
BONSAI_DEVICE int BlockZ() { return static_cast<int>(blockIdx.z); }
BONSAI_DEVICE int GridX() { return static_cast<int>(gridDim.x); }

BONSAI_DEVICE void SyncBlock() { __syncthreads(); }
BONSAI_DEVICE void SyncWarp() { __syncwarp(); }
BONSAI_DEVICE float ShuffleXor(float value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }
BONSAI_DEVICE float Shuffle(float value, int lane) { return __shfl_sync(0xffffffffu, value, lane); }

BONSAI_DEVICE char* DynamicShared() {
  extern __shared__ __align__(128) char memory[];
  return memory;
}

// Two instructions; relative error about 1e-6 where it matters (|x| < 20), under a bfloat16's 4e-3.
BONSAI_DEVICE float Exp(float x) { return __expf(x); }
BONSAI_DEVICE float Exp2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
BONSAI_DEVICE float Log(float x) { return logf(x); }
BONSAI_DEVICE float SquareRoot(float x) { return sqrtf(x); }
BONSAI_DEVICE double SquareRoot(double x) { return sqrt(x); }

// Copies 16 bytes to shared memory past the registers; zeros where not `valid`.
BONSAI_DEVICE void CopyAsync16(void* shared, const void* global, bool valid) {
  const uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  const int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(bytes) : "memory");
}
BONSAI_DEVICE void CommitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Until at most kPending groups of this thread are under way.
template <int kPending>
BONSAI_DEVICE void WaitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

// Four 8x8 matrices of bfloat16: lane i names row i % 8 of matrix i / 8. Lane l gets, of each matrix, the
// values of row l / 4, columns 2 (l % 4) and the next; transposed, rows and columns swapped.
BONSAI_DEVICE void LoadMatrices(uint32_t (&r)[4], const Bf16* row) {
  const uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}
BONSAI_DEVICE void LoadMatricesTransposed(uint32_t (&r)[4], const Bf16* row) {
  const uint32_t at = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}

// c[16, 8] += a[16, 16] b[16, 8], with PTX's fragments of mma.m16n8k16.
BONSAI_DEVICE void MultiplyTile(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

struct Extent {
  int x = 1, y = 1, z = 1;
};

template <typename... Parameters, typename... Arguments>
void Launch(const Extent& grid, int threads, size_t shared_bytes, void* stream, void (*kernel)(Parameters...),
            const Arguments&... arguments) {
  // 48 KB for a kernel's static and dynamic shared memory together; those that use both have less than 1 KB
  // of the former.
  constexpr size_t kSharedWithoutAsking = 47 << 10;
  if (shared_bytes > kSharedWithoutAsking) {
    BONSAI_CUDA_CALL(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                          cudaFuncAttributeMaxDynamicSharedMemorySize,
                                          static_cast<int>(shared_bytes)));
  }
  const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                    static_cast<unsigned>(grid.z));
  kernel<<<blocks, static_cast<unsigned>(threads), shared_bytes, static_cast<cudaStream_t>(stream)>>>(
      arguments...);
  BONSAI_CUDA_CALL(cudaGetLastError());
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_KERNEL_LANGUAGE_CUDA_H_
