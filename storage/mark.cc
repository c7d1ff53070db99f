#include "storage/mark.h"

#include <set>
#include <utility>

#include "storage/manifest.h"

namespace bonsai {
namespace {

absl::Status Enter(BlobStore& store, const StorageRoot& root, StorageIndex& index) {
  if (index.references.Has(root.id)) {
    index.references.SetTenant(root.id, root.tenant);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> bytes = store.Get(root.id, kManifestBytesMax);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<v1::Manifest> manifest = ParseManifest(*bytes);
  if (!manifest.ok()) return manifest.status();
  v1::Blob blob;
  blob.set_sha256(root.id);
  blob.set_size_bytes(bytes->size());
  index.references.Add(blob, *manifest, root.tenant);
  index.lineage.Add(root.id, manifest->lineage());
  return absl::OkStatus();
}

}  // namespace

std::vector<UnreadManifest> Mark(BlobStore& store, const std::vector<StorageRoot>& roots,
                                 StorageIndex& index) {
  std::vector<UnreadManifest> unread;
  std::set<std::string> seen;
  std::vector<StorageRoot> ancestors;
  const auto visit = [&](const StorageRoot& root, bool is_root) {
    if (!seen.insert(root.id).second) return;
    const absl::Status entered = Enter(store, root, index);
    if (!entered.ok()) {
      if (is_root || !absl::IsNotFound(entered)) unread.push_back({root.id, entered});
      return;
    }
    for (const std::string& input : index.references.InputsOf(root.id)) {
      if (seen.count(input) == 0) ancestors.push_back({input, ""});
    }
  };
  // All roots before any ancestor: one that is both is its tenant's.
  for (const StorageRoot& root : roots) visit(root, true);
  while (!ancestors.empty()) {
    const StorageRoot next = std::move(ancestors.back());
    ancestors.pop_back();
    visit(next, false);
  }
  for (const std::string& id : index.references.Ids()) {
    if (seen.count(id) > 0) continue;
    index.references.Remove(id);
    index.lineage.Remove(id);
  }
  return unread;
}

}  // namespace bonsai
