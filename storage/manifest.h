// Manifests: the list of an artifact's files, and where it came from. A manifest is itself a blob; its
// SHA-256 is the artifact's id. It is written after all blobs that it names, so an id that can be read
// vouches for the rest.
//
// Pure functions over a BlobStore; safe to call from any thread.
#ifndef BONSAI_STORAGE_MANIFEST_H_
#define BONSAI_STORAGE_MANIFEST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/artifact.pb.h"
#include "storage/blob_store.h"

namespace bonsai {

// The largest manifest that is read back.
inline constexpr size_t kManifestBytesMax = 16 << 20;

// Sorts files and properties, validates (relative paths without "..", each once; digests of 64 hexadecimal
// digits) and stores the manifest. Every blob that it names must be in the store, and is renewed. Returns the
// artifact's id.
// Errors: InvalidArgument names the field; NotFound names the file whose blob is missing.
absl::StatusOr<std::string> PutManifest(BlobStore& store, v1::Manifest manifest);

// The bytes whose SHA-256 is the id: the same for the same manifest, everywhere. `manifest` is sorted and
// valid.
std::string SerializeManifest(const v1::Manifest& manifest);

// The manifest in these bytes. DataLoss if they are not what SerializeManifest gives for a valid manifest.
absl::StatusOr<v1::Manifest> ParseManifest(absl::string_view bytes);

// Reads and validates a manifest. NotFound; DataLoss if the bytes are not a valid manifest of that id.
absl::StatusOr<v1::Manifest> GetManifest(BlobStore& store, absl::string_view id);

// Reads every byte of every file. DataLoss or NotFound names the first file that does not verify.
absl::Status VerifyArtifact(BlobStore& store, const v1::Manifest& manifest);

// The sum of the files' sizes.
uint64_t ArtifactBytes(const v1::Manifest& manifest);

// The file at `path` in the manifest, or nullptr.
const v1::ArtifactFile* FindFile(const v1::Manifest& manifest, absl::string_view path);

// The property's value, or "".
std::string FindProperty(const v1::Manifest& manifest, absl::string_view name);

struct LineageEntry {
  std::string id;
  v1::Manifest manifest;
};

// All artifacts that `id` came from, breadth first from its direct inputs, each once; not `id` itself.
// Errors: as GetManifest; ResourceExhausted beyond `artifacts_max`.
absl::StatusOr<std::vector<LineageEntry>> TraceLineage(BlobStore& store, absl::string_view id,
                                                       size_t artifacts_max = 10000);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_MANIFEST_H_
