#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "worker/train/run_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto record = bonsai::RunRecord::FromJson({reinterpret_cast<const char*>(data), size});
  // What was read can be written and read again.
  if (record.ok() && !bonsai::RunRecord::FromJson(record->ToJson()).ok()) std::abort();
  return 0;
}
