#include <cstdint>
#include <cstdlib>
#include <utility>

#include "worker/data/source_reader.h"

// The first byte chooses the format.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto format = static_cast<bonsai::v1::DataSpec::Format>(1 + data[0] % 3);
  auto file = bonsai::ByteStream::OverBytes({reinterpret_cast<const char*>(data) + 1, size - 1}, "fuzz");
  auto reader = bonsai::SourceReader::Over(format, std::move(file));
  if (!reader.ok()) std::abort();
  bonsai::v1::Document document;
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more) more = (*reader)->Next(&document);
  return 0;
}
