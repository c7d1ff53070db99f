#include "worker/train/matmul.h"

#include <dnnl.h>
#include <omp.h>

#include <cstdio>
#include <cstdlib>

namespace bonsai {
namespace {

// The number of OpenMP threads is a setting of each calling thread.
bool UseOneThread() {
  omp_set_num_threads(1);
  return true;
}

char Letter(Transpose transpose) { return transpose == Transpose::kYes ? 'T' : 'N'; }

}  // namespace

void Multiply(int64_t m, int64_t n, int64_t k, const MatrixView& a, const MatrixView& b, float keep, float* c,
              int64_t c_stride) {
  thread_local const bool one_thread = UseOneThread();
  (void)one_thread;
  const dnnl_status_t status = dnnl_sgemm(Letter(a.transpose), Letter(b.transpose), m, n, k, 1.0f, a.data,
                                          a.stride, b.data, b.stride, keep, c, c_stride);
  if (status != dnnl_success) {  // sizes or strides that do not fit together: our own bug
    std::fprintf(stderr, "Multiply: dnnl_sgemm returned %d for m %lld n %lld k %lld\n",
                 static_cast<int>(status), static_cast<long long>(m), static_cast<long long>(n),
                 static_cast<long long>(k));
    std::abort();
  }
}

}  // namespace bonsai
