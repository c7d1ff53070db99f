// An archive comes from anywhere: any bytes are parsed or refused.
#include <cstdint>
#include <cstdlib>

#include "client/export_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  auto index = bonsai::ParseExportIndex(text);
  // What is accepted is just what we write.
  if (index.ok() && bonsai::FormatExportIndex(*index) != text) std::abort();
  return 0;
}
