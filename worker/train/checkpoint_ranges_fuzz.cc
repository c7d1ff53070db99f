#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "worker/train/checkpoint_ranges.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const uint64_t parameters : {uint64_t{0}, uint64_t{20}, uint64_t{1} << 40}) {
    const auto ranges = bonsai::DecodeRanges(bytes, parameters, 3);
    if (ranges.ok() && bonsai::EncodeRanges(*ranges) != bytes) std::abort();
  }
  return 0;
}
