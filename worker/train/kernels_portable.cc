// kernels_body.inc for any CPU of the architecture; BUILD.bazel has the flags.
#define BONSAI_KERNELS_TABLE kPortableKernels
#define BONSAI_KERNELS_NAME "portable"
#include "worker/train/kernels_body.inc"
