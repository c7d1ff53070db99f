// Products of row-major float32 matrices, on the calling thread alone (oneDNN; AVX-512, AVX2 or SSE chosen at
// run time).
//
// Safe for concurrent use by threads. Same shapes on the same CPU give the same bits.
#ifndef BONSAI_WORKER_TRAIN_MATMUL_H_
#define BONSAI_WORKER_TRAIN_MATMUL_H_

#include <cstdint>

namespace bonsai {

enum class Transpose { kNo, kYes };

// A matrix inside a larger buffer: rows are `stride` values apart.
struct MatrixView {
  const float* data;
  int64_t stride;
  Transpose transpose = Transpose::kNo;
};

// c[m, n] = a[m, k] b[k, n] + keep * c, where a and b are as they are after their transposition, and rows of
// c are `c_stride` apart. keep is 0 (c need not be initialised) or 1.
void Multiply(int64_t m, int64_t n, int64_t k, const MatrixView& a, const MatrixView& b, float keep, float* c,
              int64_t c_stride);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_MATMUL_H_
