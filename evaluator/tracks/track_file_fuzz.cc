#include <cstddef>
#include <cstdint>

#include "evaluator/tracks/track_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  (void)bonsai::ParseTrack("from_scratch.textproto", text);
  return 0;
}
