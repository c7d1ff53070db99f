#include <cstdint>

#include "edge_runtime/farm/elf_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)bonsai::ParseElfHeader({reinterpret_cast<const char*>(data), size}).ok();
  return 0;
}
