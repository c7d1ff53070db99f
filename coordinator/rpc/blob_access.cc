#include "coordinator/rpc/blob_access.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "coordinator/rpc/stderr_log.h"
#include "storage/digest.h"
#include "storage/manifest.h"

namespace bonsai {

BlobAccess::Key BlobAccess::KeyOf(absl::string_view sha256) {
  Key key;
  // Both halves are 16 hexadecimal digits, or the name is none and is refused before.
  if (!absl::SimpleHexAtoi(sha256.substr(0, 16), &key.first)) return {};
  if (!absl::SimpleHexAtoi(sha256.substr(16, 16), &key.second)) return {};
  return key;
}

void BlobAccess::Extend(const Actor& actor, Tenant& tenant) {
  uint64_t newest = tenant.sequence;
  v1::ListArtifactsRequest request;
  bool more = true;
  while (more) {
    absl::StatusOr<v1::ListArtifactsResponse> page = model_->ListArtifacts(request, actor);
    if (!page.ok()) return;
    request.set_page_token(page->next_page_token());
    more = !page->next_page_token().empty();
    for (const v1::ArtifactRecord& record : page->artifacts()) {  // newest first
      if (record.sequence() <= tenant.sequence) {
        more = false;
        break;
      }
      newest = std::max(newest, record.sequence());
      tenant.blobs.insert(KeyOf(record.id()));
      absl::StatusOr<v1::Manifest> manifest = GetManifest(*blobs_, record.id());
      if (!manifest.ok()) {
        LogLine(absl::StrCat("the blobs of artifact ", record.id(),
                             " cannot be told: ", manifest.status().message()));
        continue;
      }
      for (const v1::ArtifactFile& file : manifest->files()) tenant.blobs.insert(KeyOf(file.blob().sha256()));
    }
  }
  tenant.sequence = newest;
}

absl::Status BlobAccess::Check(const Actor& actor, const std::string& sha256) {
  if (actor.admin) return absl::OkStatus();
  if (IsSha256Hex(sha256)) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Tenant& tenant = tenants_[actor.tenant];
    if (tenant.blobs.count(KeyOf(sha256)) == 0) Extend(actor, tenant);
    if (tenant.blobs.count(KeyOf(sha256)) > 0) return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("there is no blob ", sha256.substr(0, 80), " that an artifact of yours names"));
}

}  // namespace bonsai
