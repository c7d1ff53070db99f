// kernels_body.inc for x86-64 with AVX2 and FMA; BUILD.bazel has the flags.
#if defined(__x86_64__)
#define BONSAI_KERNELS_TABLE kAvx2Kernels
#define BONSAI_KERNELS_NAME "avx2"
#include "worker/train/kernels_body.inc"
#endif
