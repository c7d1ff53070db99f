#include <cstring>
#include <vector>

#include "edge_runtime/engine/bundle.h"

// Half of the inputs get a footer with a good checksum, so that what is behind it is reached.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string error;
  std::map<std::string, std::span<const uint8_t>> sections;
  bonsai::edge::ReadBundle({data, size}, /*verify=*/true, &sections, &error);
  std::vector<uint8_t> bytes(data, data + size);
  const auto append = [&](uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  const uint32_t crc = bonsai::edge::Crc32(0, bytes);
  append(0, 8);
  append(size, 8);
  append(crc, 4);
  append(1, 4);
  for (const char c : {'B', 'O', 'N', 'S', 'A', 'I', 'B', 'N'}) bytes.push_back(static_cast<uint8_t>(c));
  for (const bool verify : {false, true}) {
    if (!bonsai::edge::ReadBundle(bytes, verify, &sections, &error)) continue;
    uint32_t sum = 0;
    for (const auto& [name, section] : sections) sum = bonsai::edge::Crc32(sum, section);
  }
  return 0;
}
