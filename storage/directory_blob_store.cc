#include "storage/directory_blob_store.h"

#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "storage/atomic_file.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
constexpr unsigned kReadOnly = 0444;

absl::Status MakeDirectory(const std::string& path, const std::string& parent) {
  if (mkdir(path.c_str(), 0755) == 0) return SyncDirectory(parent);
  if (errno == EEXIST) return absl::OkStatus();
  return ErrnoStatus(errno, "make folder", path);
}

absl::Status CheckName(absl::string_view sha256) {
  if (IsSha256Hex(sha256)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", sha256.substr(0, 80), "\" is no blob's name: want 64 lower-case hexadecimal digits"));
}

absl::Status Missing(absl::string_view sha256, const std::string& path) {
  return absl::NotFoundError(absl::StrCat("blob ", sha256, " is not in the store (", path, ")"));
}

absl::Status Corrupt(absl::string_view sha256, const std::string& path, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("blob ", sha256, " is corrupt (", path, "): ", why));
}

// Makes each folder of an absolute or relative path.
absl::Status MakeDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    std::string part = path.substr(0, slash);
    if (mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) return ErrnoStatus(errno, "make folder", part);
  }
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return ErrnoStatus(errno, "make folder", path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryBlobStore>> DirectoryBlobStore::Open(const std::string& root) {
  if (root.empty()) return absl::InvalidArgumentError("the blob store's folder is not named");
  if (absl::Status status = MakeDirectories(root); !status.ok()) return status;
  for (const char* folder : {"blobs", "tmp"}) {
    absl::Status status = MakeDirectory(absl::StrCat(root, "/", folder), root);
    if (!status.ok()) return status;
  }
  RemoveAbandonedFiles(absl::StrCat(root, "/tmp"));
  return std::unique_ptr<DirectoryBlobStore>(new DirectoryBlobStore(root));
}

std::string DirectoryBlobStore::PathOf(absl::string_view sha256) const {
  return absl::StrCat(root_, "/blobs/", sha256.substr(0, 2), "/", sha256);
}

absl::Status DirectoryBlobStore::MakeFolderOf(absl::string_view sha256) {
  std::string blobs = absl::StrCat(root_, "/blobs");
  return MakeDirectory(absl::StrCat(blobs, "/", sha256.substr(0, 2)), blobs);
}

absl::StatusOr<bool> DirectoryBlobStore::Holds(const v1::Blob& blob) {
  absl::Status status = Verify(blob);
  // Its writer may have died between rename and sync.
  if (status.ok()) status = SyncDirectory(absl::StrCat(root_, "/blobs/", blob.sha256().substr(0, 2)));
  if (status.ok()) return true;
  if (absl::IsNotFound(status) || absl::IsDataLoss(status)) return false;
  return status;
}

absl::StatusOr<v1::Blob> DirectoryBlobStore::Put(absl::string_view bytes) {
  v1::Blob blob;
  blob.set_sha256(Sha256Hex(bytes));
  blob.set_size_bytes(bytes.size());
  absl::StatusOr<bool> held = Holds(blob);
  if (!held.ok()) return held.status();
  if (*held) return blob;
  auto file = AtomicFile::Create(absl::StrCat(root_, "/tmp"));
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->Append(bytes);
  if (status.ok()) status = MakeFolderOf(blob.sha256());
  if (status.ok()) status = (*file)->Commit(PathOf(blob.sha256()), kReadOnly);
  if (!status.ok()) return status;
  return blob;
}

absl::StatusOr<v1::Blob> DirectoryBlobStore::PutFile(const std::string& path) {
  absl::StatusOr<v1::Blob> before = DigestFile(path);
  if (!before.ok()) return before.status();
  absl::StatusOr<bool> held = Holds(*before);
  if (!held.ok()) return held.status();
  if (*held) return before;
  auto file = AtomicFile::Create(absl::StrCat(root_, "/tmp"));
  if (!file.ok()) return file.status();
  // Named by what was copied, not by what was there before: the file may be changing.
  Sha256 digest;
  v1::Blob blob;
  uint64_t size = 0;
  absl::Status status = ForEachChunk(path, kChunkBytes, [&](absl::string_view chunk) {
    digest.Update(chunk);
    size += chunk.size();
    return (*file)->Append(chunk);
  });
  blob.set_sha256(digest.FinishHex());
  blob.set_size_bytes(size);
  if (status.ok()) status = MakeFolderOf(blob.sha256());
  if (status.ok()) status = (*file)->Commit(PathOf(blob.sha256()), kReadOnly);
  if (!status.ok()) return status;
  return blob;
}

absl::StatusOr<std::string> DirectoryBlobStore::Get(absl::string_view sha256, size_t max_bytes) {
  if (absl::Status status = CheckName(sha256); !status.ok()) return status;
  std::string path = PathOf(sha256);
  absl::StatusOr<std::string> bytes = ReadFileBytes(path, max_bytes);
  if (absl::IsNotFound(bytes.status())) return Missing(sha256, path);
  if (!bytes.ok()) return bytes.status();
  if (Sha256Hex(*bytes) != sha256) return Corrupt(sha256, path, "its bytes have another SHA-256");
  return bytes;
}

absl::StatusOr<uint64_t> DirectoryBlobStore::SizeOf(absl::string_view sha256) {
  if (absl::Status status = CheckName(sha256); !status.ok()) return status;
  std::string path = PathOf(sha256);
  struct stat info;
  if (stat(path.c_str(), &info) == 0) return static_cast<uint64_t>(info.st_size);
  return errno == ENOENT ? Missing(sha256, path) : ErrnoStatus(errno, "stat", path);
}

absl::Status DirectoryBlobStore::Check(const v1::Blob& blob) {
  if (absl::Status status = CheckName(blob.sha256()); !status.ok()) return status;
  std::string path = PathOf(blob.sha256());
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? Missing(blob.sha256(), path) : ErrnoStatus(errno, "stat", path);
  }
  if (S_ISREG(info.st_mode) && static_cast<uint64_t>(info.st_size) == blob.size_bytes())
    return absl::OkStatus();
  return Corrupt(blob.sha256(), path, absl::StrCat("has ", info.st_size, " bytes, not ", blob.size_bytes()));
}

absl::Status DirectoryBlobStore::Verify(const v1::Blob& blob) {
  if (absl::Status status = Check(blob); !status.ok()) return status;
  std::string path = PathOf(blob.sha256());
  absl::StatusOr<v1::Blob> stored = DigestFile(path);
  if (absl::IsNotFound(stored.status())) return Missing(blob.sha256(), path);
  if (!stored.ok()) return stored.status();
  if (stored->sha256() == blob.sha256()) return absl::OkStatus();
  return Corrupt(blob.sha256(), path, "its bytes have another SHA-256");
}

absl::StatusOr<std::string> DirectoryBlobStore::LocalPath(const v1::Blob& blob) {
  if (absl::Status status = Check(blob); !status.ok()) return status;
  return PathOf(blob.sha256());
}

}  // namespace bonsai
