#include "client/artifact_export.h"

#include <unistd.h>

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/export_archive.h"
#include "client/export_index.h"
#include "client/verified_read.h"

namespace bonsai {
namespace {

struct Exported {
  std::string bytes;  // of the manifest, as they are stored
  v1::Manifest manifest;
  bool root = false;
};
using ExportedById = std::map<std::string, Exported>;

absl::StatusOr<Exported> ReadManifest(const std::string& id, CoordinatorClient& client,
                                      const Session& session) {
  Exported exported;
  absl::Status read = ReadVerified(id, kManifestBytesMax, client, session, [&](absl::string_view part) {
    exported.bytes.append(part.data(), part.size());
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  if (!exported.manifest.ParseFromString(exported.bytes)) {
    return absl::DataLossError(absl::StrCat("artifact ", id, " is not a manifest"));
  }
  return exported;
}

// The artifacts asked for, and all that they were made from.
absl::StatusOr<ExportedById> Collect(const ExportOptions& options, CoordinatorClient& client,
                                     const Session& session, v1::ListArtifactsResponse& roots) {
  ExportedById all;
  std::vector<std::string> waiting;
  std::set<std::string> root_ids;
  for (const std::string& id : options.ids) {
    auto artifact = client.GetArtifact(id, false);
    if (!artifact.ok()) return artifact.status();
    if (!root_ids.insert(artifact->record().id()).second) continue;
    *roots.add_artifacts() = artifact->record();
    waiting.push_back(artifact->record().id());
  }
  uint64_t bytes = 0;
  while (!waiting.empty()) {
    const std::string id = std::move(waiting.back());
    waiting.pop_back();
    if (all.count(id) > 0) continue;
    absl::StatusOr<Exported> exported = ReadManifest(id, client, session);
    if (!exported.ok()) return exported.status();
    bytes += exported->bytes.size();
    if (bytes > kManifestsBytesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the manifests have more than ", kManifestsBytesMax, " bytes; export fewer at once"));
    }
    exported->root = root_ids.count(id) > 0;
    for (const v1::LineageInput& input : exported->manifest.lineage().inputs()) {
      waiting.push_back(input.artifact_id());
    }
    all[id] = *std::move(exported);
  }
  return all;
}

// Ids in an order in which each comes after what it was made from. A lineage has no cycle: an id vouches for
// its inputs' ids.
std::vector<std::string> InOrder(const ExportedById& all) {
  std::map<std::string, size_t> missing;  // inputs that are not in `order` yet
  std::map<std::string, std::vector<std::string>> users;
  for (const auto& [id, exported] : all) {
    std::set<std::string> inputs;
    for (const v1::LineageInput& input : exported.manifest.lineage().inputs())
      inputs.insert(input.artifact_id());
    missing[id] = inputs.size();
    for (const std::string& input : inputs) users[input].push_back(id);
  }
  std::vector<std::string> order;
  for (const auto& [id, count] : missing) {
    if (count == 0) order.push_back(id);
  }
  for (size_t i = 0; i < order.size(); ++i) {
    for (const std::string& user : users[order[i]]) {
      if (--missing[user] == 0) order.push_back(user);
    }
  }
  return order;
}

ExportIndex MakeIndex(const ExportedById& all) {
  ExportIndex index;
  std::set<std::string> seen;
  for (const std::string& id : InOrder(all)) {
    const Exported& exported = all.at(id);
    index.artifacts.push_back({id, exported.bytes.size(), exported.root});
    for (const v1::ArtifactFile& file : exported.manifest.files()) {
      if (seen.insert(file.blob().sha256()).second) {
        index.blobs.push_back({file.blob().sha256(), file.blob().size_bytes()});
      }
    }
  }
  return index;
}

absl::Status WriteEntry(ArchiveWriter& writer, const std::string& name, const std::string& bytes) {
  if (absl::Status started = writer.StartEntry(name, bytes.size()); !started.ok()) return started;
  return writer.Write(bytes);
}

absl::Status WriteBlob(ArchiveWriter& writer, const ExportIndex::Blob& blob, CoordinatorClient& client,
                       const Session& session) {
  absl::Status started = writer.StartEntry(absl::StrCat("blobs/", blob.sha256), blob.size_bytes);
  if (!started.ok()) return started;
  uint64_t size = 0;
  absl::Status read =
      ReadVerified(blob.sha256, blob.size_bytes, client, session, [&](absl::string_view part) {
        size += part.size();
        return writer.Write(part);
      });
  if (!read.ok() || size == blob.size_bytes) return read;
  return absl::DataLossError(
      absl::StrCat("blob ", blob.sha256, " has ", size, " bytes, and its manifest says ", blob.size_bytes));
}

}  // namespace

absl::StatusOr<v1::ListArtifactsResponse> ExportArtifacts(const ExportOptions& options,
                                                          CoordinatorClient& client, const Session& session) {
  if (access(options.out.c_str(), F_OK) == 0) {
    return absl::AlreadyExistsError(absl::StrCat(options.out, " is there already; name another file"));
  }
  v1::ListArtifactsResponse roots;
  absl::StatusOr<ExportedById> all = Collect(options, client, session, roots);
  if (!all.ok()) return all.status();
  const ExportIndex index = MakeIndex(*all);
  auto writer = ArchiveWriter::Create(options.out);
  if (!writer.ok()) return writer.status();
  absl::Status wrote = WriteEntry(**writer, kIndexEntry, FormatExportIndex(index));
  for (const ExportIndex::Artifact& artifact : index.artifacts) {
    if (wrote.ok()) {
      wrote = WriteEntry(**writer, absl::StrCat("manifests/", artifact.id), all->at(artifact.id).bytes);
    }
  }
  for (const ExportIndex::Blob& blob : index.blobs) {
    if (wrote.ok()) wrote = WriteBlob(**writer, blob, client, session);
  }
  if (wrote.ok()) wrote = (*writer)->Finish();
  if (!wrote.ok()) return wrote;
  return roots;
}

}  // namespace bonsai
