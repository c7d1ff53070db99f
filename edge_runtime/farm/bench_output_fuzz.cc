#include <cstdint>

#include "edge_runtime/farm/bench_output.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)bonsai::ParseBenchOutput({reinterpret_cast<const char*>(data), size}).ok();
  return 0;
}
