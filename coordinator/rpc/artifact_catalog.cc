#include "coordinator/rpc/artifact_catalog.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/piece_checksum.h"
#include "storage/file_bytes.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr size_t kResponseBytesMax = 32 << 20;

struct OpenFile {
  int fd;
  ~OpenFile() {
    if (fd >= 0) close(fd);
  }
};

// Up to `size` bytes at `offset`; fewer only at the file's end.
absl::StatusOr<std::string> ReadAt(int fd, uint64_t offset, size_t size, const std::string& path) {
  std::string bytes(size, '\0');
  size_t filled = 0;
  while (filled < size) {
    const ssize_t n = pread(fd, &bytes[filled], size - filled, static_cast<off_t>(offset + filled));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "read", path);
    if (n == 0) break;
    filled += static_cast<size_t>(n);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace

absl::StatusOr<v1::GetArtifactResponse> ArtifactCatalog::Get(const v1::GetArtifactRequest& request) const {
  absl::StatusOr<v1::ArtifactRecord> record = model_->ResolveArtifact(request.id());
  if (!record.ok()) return record.status();
  absl::StatusOr<v1::Manifest> manifest = GetManifest(*blobs_, record->id());
  if (!manifest.ok()) return manifest.status();
  v1::GetArtifactResponse response;
  *response.mutable_record() = *std::move(record);
  *response.mutable_manifest() = *std::move(manifest);
  if (!request.lineage()) return response;
  absl::StatusOr<std::vector<LineageEntry>> lineage = TraceLineage(*blobs_, response.record().id());
  if (!lineage.ok()) return lineage.status();
  size_t bytes = 0;
  for (LineageEntry& entry : *lineage) {
    bytes += entry.manifest.ByteSizeLong();
    if (bytes > kResponseBytesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the lineage of ", request.id(), " has more than ", kResponseBytesMax,
                       " bytes of manifests; ask for its parts without lineage"));
    }
    v1::LineageNode* node = response.add_lineage();
    node->set_id(std::move(entry.id));
    *node->mutable_manifest() = std::move(entry.manifest);
  }
  return response;
}

absl::Status ArtifactCatalog::ReadBlob(const v1::ReadBlobRequest& request,
                                       const CallStream<v1::ReadBlobResponse>& stream) const {
  absl::StatusOr<uint64_t> size = blobs_->SizeOf(request.sha256());
  if (!size.ok()) return size.status();
  if (request.offset() > *size) {
    return absl::OutOfRangeError(
        absl::StrCat("offset: ", request.offset(), " is beyond the blob's end at ", *size));
  }
  v1::Blob blob;
  blob.set_sha256(request.sha256());
  blob.set_size_bytes(*size);
  absl::StatusOr<std::string> path = blobs_->LocalPath(blob);
  if (!path.ok()) return path.status();
  OpenFile file{open(path->c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return ErrnoStatus(errno, "open", *path);
  for (uint64_t offset = request.offset(); offset < *size;) {
    if (stream.cancelled()) return StreamCancelled();
    if (stream.stopping()) return StreamStopping();
    const size_t want = static_cast<size_t>(std::min<uint64_t>(kBlobChunkBytes, *size - offset));
    absl::StatusOr<std::string> bytes = ReadAt(file.fd, offset, want, *path);
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() != want)
      return absl::DataLossError(absl::StrCat("blob ", request.sha256(), " became shorter"));
    offset += want;
    v1::ReadBlobResponse response;
    response.set_crc32c(Crc32c(*bytes));
    response.set_data(*std::move(bytes));
    if (!stream.write(response)) return StreamCancelled();
  }
  return absl::OkStatus();
}

}  // namespace bonsai
