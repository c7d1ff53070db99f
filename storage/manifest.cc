#include "storage/manifest.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/digest.h"

namespace bonsai {
namespace {

constexpr size_t kPathBytesMax = 1024;

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, 100)), "\"");
}

absl::Status Invalid(absl::string_view field, absl::string_view value, absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat("manifest: ", field, " is ", Quoted(value), ": want ", want));
}

bool IsPath(absl::string_view path) {
  if (path.empty() || path.size() > kPathBytesMax) return false;
  for (char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == 0x7f) return false;
  }
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

absl::Status CheckFiles(const v1::Manifest& manifest) {
  uint64_t total = 0;
  for (int i = 0; i < manifest.files_size(); ++i) {
    const v1::ArtifactFile& file = manifest.files(i);
    std::string field = absl::StrCat("files[", i, "]");
    if (!IsPath(file.path())) {
      return Invalid(field + ".path", file.path(), "a relative path without empty, \".\" or \"..\" parts");
    }
    if (i > 0 && !(manifest.files(i - 1).path() < file.path())) {
      return Invalid(field + ".path", file.path(), "each path once, in order");
    }
    if (!IsSha256Hex(file.blob().sha256())) {
      return Invalid(field + ".blob.sha256", file.blob().sha256(), "64 lower-case hexadecimal digits");
    }
    if (file.blob().size_bytes() > std::numeric_limits<uint64_t>::max() - total) {
      return Invalid(field + ".blob.size_bytes", absl::StrCat(file.blob().size_bytes()), "a sum below 2^64");
    }
    total += file.blob().size_bytes();
  }
  return absl::OkStatus();
}

// Assumes files and properties sorted, as they are in storage.
absl::Status CheckManifest(const v1::Manifest& manifest) {
  if (manifest.kind().empty()) return Invalid("kind", "", "an artifact kind, as in \"model\"");
  if (absl::Status status = CheckFiles(manifest); !status.ok()) return status;
  for (int i = 0; i < manifest.properties_size(); ++i) {
    const std::string& name = manifest.properties(i).name();
    if (name.empty() || (i > 0 && !(manifest.properties(i - 1).name() < name))) {
      return Invalid(absl::StrCat("properties[", i, "].name"), name, "each name once, in order, not empty");
    }
  }
  for (int i = 0; i < manifest.lineage().inputs_size(); ++i) {
    const std::string& id = manifest.lineage().inputs(i).artifact_id();
    if (!IsSha256Hex(id)) {
      return Invalid(absl::StrCat("lineage.inputs[", i, "].artifact_id"), id,
                     "64 lower-case hexadecimal digits");
    }
  }
  return absl::OkStatus();
}

// Adds the file's path to what a store said about its blob.
absl::Status AboutFile(const v1::ArtifactFile& file, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("file ", Quoted(file.path()), ": ", status.message()));
}

}  // namespace

std::string SerializeManifest(const v1::Manifest& manifest) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    manifest.SerializeToCodedStream(&output);
  }
  return bytes;
}

absl::StatusOr<v1::Manifest> ParseManifest(absl::string_view bytes) {
  v1::Manifest manifest;
  if (bytes.size() > kManifestBytesMax) {
    return absl::DataLossError(
        absl::StrCat("manifest: has ", bytes.size(), " bytes, more than ", kManifestBytesMax));
  }
  if (!manifest.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("manifest: the bytes are not a serialised bonsai.v1.Manifest");
  }
  if (absl::Status status = CheckManifest(manifest); !status.ok())
    return absl::DataLossError(status.message());
  return manifest;
}

absl::StatusOr<std::string> PutManifest(BlobStore& store, v1::Manifest manifest) {
  std::sort(manifest.mutable_files()->pointer_begin(), manifest.mutable_files()->pointer_end(),
            [](const auto* a, const auto* b) { return a->path() < b->path(); });
  std::sort(manifest.mutable_properties()->pointer_begin(), manifest.mutable_properties()->pointer_end(),
            [](const auto* a, const auto* b) { return a->name() < b->name(); });
  if (absl::Status status = CheckManifest(manifest); !status.ok()) return status;
  std::string bytes = SerializeManifest(manifest);
  // What cannot be read back (text that is not UTF-8, say) must not get an id.
  if (absl::StatusOr<v1::Manifest> back = ParseManifest(bytes); !back.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(back.status().message(), " (is all text in it UTF-8?)"));
  }
  for (const v1::ArtifactFile& file : manifest.files()) {
    if (absl::Status status = store.Renew(file.blob()); !status.ok()) return AboutFile(file, status);
  }
  absl::StatusOr<v1::Blob> blob = store.Put(bytes);
  if (!blob.ok()) return blob.status();
  return blob->sha256();
}

absl::StatusOr<v1::Manifest> GetManifest(BlobStore& store, absl::string_view id) {
  absl::StatusOr<std::string> bytes = store.Get(id, kManifestBytesMax);
  if (absl::IsResourceExhausted(bytes.status())) return absl::DataLossError(bytes.status().message());
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<v1::Manifest> manifest = ParseManifest(*bytes);
  if (!manifest.ok())
    return absl::DataLossError(absl::StrCat("artifact ", id, ": ", manifest.status().message()));
  return manifest;
}

absl::Status VerifyArtifact(BlobStore& store, const v1::Manifest& manifest) {
  for (const v1::ArtifactFile& file : manifest.files()) {
    if (absl::Status status = store.Verify(file.blob()); !status.ok()) return AboutFile(file, status);
  }
  return absl::OkStatus();
}

uint64_t ArtifactBytes(const v1::Manifest& manifest) {
  uint64_t bytes = 0;
  for (const v1::ArtifactFile& file : manifest.files()) bytes += file.blob().size_bytes();
  return bytes;
}

const v1::ArtifactFile* FindFile(const v1::Manifest& manifest, absl::string_view path) {
  for (const v1::ArtifactFile& file : manifest.files()) {
    if (file.path() == path) return &file;
  }
  return nullptr;
}

std::string FindProperty(const v1::Manifest& manifest, absl::string_view name) {
  for (const v1::Property& property : manifest.properties()) {
    if (property.name() == name) return property.value();
  }
  return "";
}

absl::StatusOr<std::vector<LineageEntry>> TraceLineage(BlobStore& store, absl::string_view id,
                                                       size_t artifacts_max) {
  absl::StatusOr<v1::Manifest> start = GetManifest(store, id);
  if (!start.ok()) return start.status();
  std::set<std::string> seen = {std::string(id)};
  std::deque<std::string> waiting;
  auto visit = [&](const v1::Manifest& manifest) {
    for (const v1::LineageInput& input : manifest.lineage().inputs()) {
      if (seen.insert(input.artifact_id()).second) waiting.push_back(input.artifact_id());
    }
  };
  visit(*start);
  std::vector<LineageEntry> entries;
  while (!waiting.empty()) {
    if (entries.size() >= artifacts_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat("artifact ", id, " came from more than ", artifacts_max, " artifacts"));
    }
    std::string next = waiting.front();
    waiting.pop_front();
    absl::StatusOr<v1::Manifest> manifest = GetManifest(store, next);
    if (!manifest.ok()) {
      return absl::Status(manifest.status().code(),
                          absl::StrCat("lineage of ", id, ": ", manifest.status().message()));
    }
    visit(*manifest);
    entries.push_back({next, *std::move(manifest)});
  }
  return entries;
}

}  // namespace bonsai
