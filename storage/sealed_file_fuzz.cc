// Feeds hostile bytes to the reader of sealed files.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "storage/sealed_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string key(bonsai::kSealKeyBytes, 'k');
  // Nobody without the key makes a file that it opens.
  if (bonsai::Unseal(bytes, key).ok()) std::abort();
  const auto sealed = bonsai::Seal(bytes, key);
  if (!sealed.ok() || *bonsai::Unseal(*sealed, key) != bytes) std::abort();
  return 0;
}
