// Items come from a store that others may write to: any bytes are parsed or refused.
#include <cstdint>

#include "evaluator/item_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)bonsai::ParseItems(absl::string_view(reinterpret_cast<const char*>(data), size), 1000);
  return 0;
}
