// Products whose right side is packed beforehand into the blocks that oneDNN's kernels read: for weights,
// which meet many left sides between two updates, and for the long sums of their gradients. On the calling
// thread alone; AMX, AVX-512, AVX2 or SSE is chosen at run time. In BF16 both sides are rounded to bfloat16,
// and their products are summed in float32.
//
// A packed matrix may be read by several threads. Same shapes on the same CPU give the same bits.
#ifndef BONSAI_WORKER_TRAIN_PACKED_MATMUL_H_
#define BONSAI_WORKER_TRAIN_PACKED_MATMUL_H_

#include <cstdint>
#include <dnnl.hpp>

#include "bonsai/v1/spec.pb.h"
#include "worker/train/matmul.h"

namespace bonsai {

class PackedMatrix {
 public:
  explicit PackedMatrix(v1::Precision precision = v1::F32) : precision_(precision) {}

  // Takes a copy of b[k, n], as it is after its transposition.
  void Pack(int64_t k, int64_t n, const MatrixView& b);

  int64_t k() const { return k_; }
  int64_t n() const { return n_; }

 private:
  friend void Multiply(int64_t m, const MatrixView& a, const PackedMatrix& b, float keep, float* c,
                       int64_t c_stride);

  v1::Precision precision_;
  int64_t k_ = 0, n_ = 0;
  dnnl::memory memory_;
};

// c[m, n] = a[m, k] b[k, n] + keep * c, where a is as it is after its transposition, and rows of c are
// `c_stride` apart. keep is 0 (c need not be initialised) or 1.
void Multiply(int64_t m, const MatrixView& a, const PackedMatrix& b, float keep, float* c, int64_t c_stride);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_PACKED_MATMUL_H_
