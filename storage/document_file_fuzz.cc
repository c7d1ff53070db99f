#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "storage/document_file.h"

// The first byte is the size of a read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = data[0] + size_t{1};
  size_t position = 1;
  auto reader = bonsai::DocumentReader::Over(
      [&](char* to, size_t room) -> absl::StatusOr<size_t> {
        const size_t n = std::min({room, step, size - position});
        std::memcpy(to, data + position, n);
        position += n;
        return n;
      },
      "fuzz");
  bonsai::v1::Document document;
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more) more = reader->Next(&document);
  if (more.ok() && reader->offset() != size - 1) std::abort();
  return 0;
}
