#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "edge_runtime/model/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string error;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = bonsai::edge::JsonValue::Parse(text, &error, {.bytes_max = 1 << 20, .depth_max = 32});
  if (value) bonsai::edge::JsonQuote(value->Describe());
  return 0;
}
