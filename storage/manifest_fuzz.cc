// Manifests come from a store that others may write to: any bytes are parsed or refused.
#include <cstdint>
#include <cstdlib>

#include "storage/digest.h"
#include "storage/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto manifest = bonsai::ParseManifest(absl::string_view(reinterpret_cast<const char*>(data), size));
  if (!manifest.ok()) return 0;
  // What is accepted can be written and read again, with the same meaning.
  std::string bytes = bonsai::SerializeManifest(*manifest);
  auto again = bonsai::ParseManifest(bytes);
  if (!again.ok() || bonsai::SerializeManifest(*again) != bytes) std::abort();
  for (const auto& file : manifest->files()) {
    if (bonsai::FindFile(*manifest, file.path()) == nullptr) std::abort();
    if (file.path().front() == '/' || !bonsai::IsSha256Hex(file.blob().sha256())) std::abort();
  }
  bonsai::ArtifactBytes(*manifest);
  return 0;
}
