#include "storage/remote/artifact_transfer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/piece_checksum.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

// Blobs in one question for what is missing.
constexpr size_t kAskedMax = 1000;

struct OpenFile {
  int fd;
  ~OpenFile() {
    if (fd >= 0) close(fd);
  }
};

absl::Status About(const std::string& id, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("artifact ", id.substr(0, 12), ": ", status.message()));
}

absl::Status Stopped() { return absl::CancelledError("the transfer was stopped"); }

// Each blob once: two files may hold the same bytes.
std::vector<v1::Blob> BlobsOf(const v1::Manifest& manifest) {
  std::vector<v1::Blob> blobs;
  std::set<std::string> seen;
  for (const v1::ArtifactFile& file : manifest.files()) {
    if (seen.insert(file.blob().sha256()).second) blobs.push_back(file.blob());
  }
  return blobs;
}

// --- Fetch
// --------------------------------------------------------------------------------------------------

// One call; a manifest is small, and what broke off is read again.
absl::Status ReadManifestBytes(const std::string& id, BlobRemote& remote, std::string* bytes) {
  bytes->clear();
  v1::ReadBlobRequest request;
  request.set_sha256(id);
  absl::Status read = remote.Read(request, [&](const v1::ReadBlobResponse& response) {
    bytes->append(response.data());
    if (bytes->size() > kManifestBytesMax) return absl::DataLossError("its manifest is too large");
    return absl::OkStatus();
  });
  if (read.ok() && Sha256Hex(*bytes) != id) {
    read = absl::DataLossError("the bytes of its manifest have another SHA-256");
  }
  return read;
}

absl::StatusOr<v1::Manifest> FetchManifest(const std::string& id, BlobStore& local,
                                           const TransferOptions& options) {
  if (absl::StatusOr<v1::Manifest> here = GetManifest(local, id); here.ok()) return here;
  const std::unique_ptr<BlobRemote> remote = options.connect();
  std::string bytes;
  absl::Status read = TryAgain(options, [&] { return ReadManifestBytes(id, *remote, &bytes); });
  if (!read.ok()) return read;
  absl::StatusOr<v1::Manifest> manifest = ParseManifest(bytes);
  if (!manifest.ok()) return manifest;
  if (absl::StatusOr<v1::Blob> stored = local.Put(bytes); !stored.ok()) return stored.status();
  return manifest;
}

// One call: from where the last one stopped to the blob's end.
absl::Status ReadOn(const v1::Blob& blob, PartialBlobs& partial, BlobRemote& remote,
                    const TransferOptions& options, TransferProgress& progress, uint64_t* counted) {
  v1::ReadBlobRequest request;
  request.set_sha256(blob.sha256());
  request.set_offset(partial.ReceivedBytes(blob));
  auto incoming = partial.Start(blob, request.offset());
  if (!incoming.ok()) return incoming.status();
  if (request.offset() > *counted) progress.Add(request.offset() - *counted);
  *counted = request.offset();
  if (request.offset() < blob.size_bytes()) {
    absl::Status read = remote.Read(request, [&](const v1::ReadBlobResponse& response) -> absl::Status {
      if (options.cancelled()) return Stopped();
      absl::Status taken =
          (*incoming)->Append((*incoming)->received_bytes(), response.data(), response.crc32c());
      if (!taken.ok()) return taken;
      *counted += response.data().size();
      progress.Add(response.data().size());
      return absl::OkStatus();
    });
    if (!read.ok()) return read;
  }
  absl::Status finished = (*incoming)->Finish();
  if (absl::IsDataLoss(finished)) progress.Remove(std::exchange(*counted, 0));
  // It ended early: the next call goes on.
  if (absl::IsOutOfRange(finished)) return absl::DataLossError(finished.message());
  return finished;
}

// --- Push
// ---------------------------------------------------------------------------------------------------

absl::Status ReadPiece(int fd, uint64_t offset, uint64_t size, const std::string& path, std::string* piece) {
  piece->resize(std::min(size - offset, kPieceBytesMax));
  for (size_t filled = 0; filled < piece->size();) {
    const ssize_t got =
        pread(fd, piece->data() + filled, piece->size() - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read", path);
    if (got == 0) return absl::DataLossError(absl::StrCat(path, " is shorter than ", size, " bytes"));
    filled += static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

// The missing ones among the blobs, with how much of each is there.
absl::StatusOr<std::vector<v1::MissingBlob>> FindMissing(const std::vector<v1::Blob>& blobs,
                                                         BlobRemote& remote) {
  std::vector<v1::MissingBlob> missing;
  for (size_t first = 0; first < blobs.size(); first += kAskedMax) {
    v1::FindMissingBlobsRequest request;
    for (size_t i = first; i < std::min(blobs.size(), first + kAskedMax); ++i)
      *request.add_blobs() = blobs[i];
    absl::StatusOr<v1::FindMissingBlobsResponse> response = remote.FindMissing(request);
    if (!response.ok()) return response.status();
    missing.insert(missing.end(), response->missing().begin(), response->missing().end());
  }
  return missing;
}

// Asks where to go on, and sends the rest, in one call.
absl::Status WriteOn(const v1::Blob& blob, const std::string& path, BlobRemote& remote,
                     const TransferOptions& options, TransferProgress& progress, uint64_t* counted) {
  absl::StatusOr<std::vector<v1::MissingBlob>> missing = FindMissing({blob}, remote);
  if (!missing.ok()) return missing.status();
  const uint64_t from = missing->empty() ? blob.size_bytes() : missing->front().received_bytes();
  if (from < *counted) progress.Remove(*counted - from);
  if (from > *counted) progress.Add(from - *counted);
  *counted = from;
  if (missing->empty()) return absl::OkStatus();
  const OpenFile file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return ErrnoStatus(errno, "open", path);
  bool first = true;
  uint64_t offset = from;
  return remote.Write([&](v1::WriteBlobRequest* request) -> absl::StatusOr<bool> {
    if (options.cancelled()) return Stopped();
    if (!first && offset >= blob.size_bytes()) return false;
    request->Clear();
    if (first) *request->mutable_blob() = blob;
    first = false;
    request->set_offset(offset);
    absl::Status read = ReadPiece(file.fd, offset, blob.size_bytes(), path, request->mutable_data());
    if (!read.ok()) return read;
    request->set_crc32c(Crc32c(request->data()));
    offset += request->data().size();
    *counted += request->data().size();
    progress.Add(request->data().size());
    return true;
  });
}

absl::Status PushBlobs(const std::vector<v1::Blob>& blobs, BlobStore& local, const TransferOptions& options) {
  uint64_t total = 0;
  for (const v1::Blob& blob : blobs) total += blob.size_bytes();
  TransferProgress progress(options, total);
  return ForEachBlobInParallel(blobs, options, [&](const v1::Blob& blob, BlobRemote& remote) -> absl::Status {
    // The far side would find damage only after all of it went over the wire, and could not say whose it is.
    if (absl::Status sound = local.Verify(blob); !sound.ok()) return sound;
    absl::StatusOr<std::string> path = local.LocalPath(blob);
    if (!path.ok()) return path.status();
    uint64_t counted = 0;
    return TryAgain(options, [&] { return WriteOn(blob, *path, remote, options, progress, &counted); });
  });
}

}  // namespace

absl::StatusOr<v1::Manifest> FetchArtifact(const std::string& id, BlobStore& local, PartialBlobs& partial,
                                           const TransferOptions& options) {
  absl::StatusOr<v1::Manifest> manifest = FetchManifest(id, local, options);
  if (!manifest.ok()) return About(id, manifest.status());
  const std::vector<v1::Blob> blobs = BlobsOf(*manifest);
  uint64_t total = 0;
  for (const v1::Blob& blob : blobs) total += blob.size_bytes();
  TransferProgress progress(options, total);
  absl::Status fetched =
      ForEachBlobInParallel(blobs, options, [&](const v1::Blob& blob, BlobRemote& remote) -> absl::Status {
        uint64_t counted = 0;
        return TryAgain(options, [&]() -> absl::Status {
          // Here already, or since another transfer brought it.
          if (local.Verify(blob).ok()) {
            progress.Add(blob.size_bytes() - counted);
            return absl::OkStatus();
          }
          return ReadOn(blob, partial, remote, options, progress, &counted);
        });
      });
  if (!fetched.ok()) return About(id, fetched);
  return manifest;
}

absl::Status PushArtifact(const std::string& id, BlobStore& local, const TransferOptions& options) {
  absl::StatusOr<v1::Manifest> manifest = GetManifest(local, id);
  if (!manifest.ok()) return About(id, manifest.status());
  absl::StatusOr<uint64_t> size = local.SizeOf(id);
  if (!size.ok()) return About(id, size.status());
  v1::Blob manifest_blob;
  manifest_blob.set_sha256(id);
  manifest_blob.set_size_bytes(*size);
  std::vector<v1::MissingBlob> missing;
  const std::unique_ptr<BlobRemote> remote = options.connect();
  absl::Status asked = TryAgain(options, [&] {
    absl::StatusOr<std::vector<v1::MissingBlob>> found = FindMissing(BlobsOf(*manifest), *remote);
    if (found.ok()) missing = *std::move(found);
    return found.status();
  });
  if (!asked.ok()) return About(id, asked);
  std::vector<v1::Blob> blobs;
  for (const v1::MissingBlob& blob : missing) blobs.push_back(blob.blob());
  if (absl::Status pushed = PushBlobs(blobs, local, options); !pushed.ok()) return About(id, pushed);
  // The last: a manifest vouches for all that it names.
  if (absl::Status pushed = PushBlobs({manifest_blob}, local, options); !pushed.ok())
    return About(id, pushed);
  return absl::OkStatus();
}

}  // namespace bonsai
