#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "edge_runtime/model/llama2c.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string error;
  bonsai::edge::Llama2cCheckpoint checkpoint;
  if (!bonsai::edge::ParseLlama2c({data, size}, &checkpoint, &error)) return 0;
  if (!bonsai::edge::CheckTensors(checkpoint.config, checkpoint.tensors, &error)) std::abort();
  return 0;
}
