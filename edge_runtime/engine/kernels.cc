#include "edge_runtime/engine/kernels.h"

namespace bonsai::edge {

const Kernels* SelectKernels(KernelSet set, std::string* error) {
  const Kernels* kernels = nullptr;
  switch (set) {
    case KernelSet::kAuto:
      for (const Kernels* candidate : {Avx512Kernels(), Avx2Kernels(), ScalarKernels()}) {
        if (kernels == nullptr) kernels = candidate;
      }
      return kernels;
    case KernelSet::kScalar:
      return ScalarKernels();
    case KernelSet::kAvx2:
      kernels = Avx2Kernels();
      break;
    case KernelSet::kAvx512:
      kernels = Avx512Kernels();
      break;
  }
  if (kernels == nullptr) *error = "this CPU or this build lacks the kernels that were asked for";
  return kernels;
}

}  // namespace bonsai::edge
