// The index of an exported archive: its first entry, which says what follows, in order.
//
//   bonsai-export 1
//   artifact <id> <bytes of its manifest> <root|lineage>     what it was made from comes before it
//   blob <sha256> <bytes>                                    each once
//   end <artifacts> <blobs>
//
// The archive's entries are "index", then "manifests/<id>" and "blobs/<sha256>" as the lines name them.
//
// Written by `bonsai export`, read by `bonsai import`. Functions without state.
#ifndef BONSAI_CLIENT_EXPORT_INDEX_H_
#define BONSAI_CLIENT_EXPORT_INDEX_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

inline constexpr char kIndexEntry[] = "index";
inline constexpr size_t kIndexBytesMax = 64 << 20;
// As storage/manifest.h bounds one, and of all in an archive.
inline constexpr uint64_t kManifestBytesMax = 16 << 20;
inline constexpr uint64_t kManifestsBytesMax = 512 << 20;

struct ExportIndex {
  struct Artifact {
    std::string id;
    uint64_t manifest_bytes = 0;
    bool root = false;  // asked for by name; else part of a lineage

    bool operator==(const Artifact&) const = default;
  };
  struct Blob {
    std::string sha256;
    uint64_t size_bytes = 0;

    bool operator==(const Blob&) const = default;
  };
  std::vector<Artifact> artifacts;
  std::vector<Blob> blobs;

  bool operator==(const ExportIndex&) const = default;
};

std::string FormatExportIndex(const ExportIndex& index);

// DataLoss names the line that is not as above.
absl::StatusOr<ExportIndex> ParseExportIndex(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_EXPORT_INDEX_H_
