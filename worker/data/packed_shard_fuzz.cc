#include <cstdint>
#include <cstdlib>

#include "worker/data/packed_shard.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto ids = bonsai::ParseShard("fuzz", absl::MakeConstSpan(data, size));
  if (ids.ok() && (ids->size() % 2 != 0 || ids->data() + ids->size() != data + size)) std::abort();
  return 0;
}
