#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "edge_runtime/model/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string error;
  bonsai::edge::ModelConfig config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!bonsai::edge::ParseHuggingFaceConfig(text, &config, &error)) return 0;
  // What was accepted is valid, and reads back as itself.
  bonsai::edge::ModelConfig again;
  const std::string written = bonsai::edge::WriteHuggingFaceConfig(config, "float32");
  if (!bonsai::edge::ParseHuggingFaceConfig(written, &again, &error) || !(again == config)) std::abort();
  return 0;
}
