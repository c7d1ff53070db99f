// kernels_body.inc for x86-64 with AVX-512 F, DQ, BW and VL; BUILD.bazel has the flags.
#if defined(__x86_64__)
#define BONSAI_KERNELS_TABLE kAvx512Kernels
#define BONSAI_KERNELS_NAME "avx512"
#include "worker/train/kernels_body.inc"
#endif
