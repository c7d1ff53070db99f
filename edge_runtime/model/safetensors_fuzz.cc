#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "edge_runtime/model/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string error;
  std::map<std::string, bonsai::edge::TensorView> tensors;
  if (!bonsai::edge::ParseSafetensors({data, size}, &tensors, &error)) return 0;
  for (const auto& [name, view] : tensors) {
    std::vector<float> values(bonsai::edge::CountElements(view));
    bonsai::edge::CopyToFloat(view, 0, values);
  }
  return 0;
}
