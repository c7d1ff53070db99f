#include "storage/directory_blob_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/atomic_file.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"
#include "storage/store_lock.h"

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

// Says that somebody knows of a blob that is missing.
absl::StatusOr<bool> MarkLost(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, kReadOnly);
  if (fd < 0) return ErrnoStatus(errno, "create", path);
  close(fd);
  return true;
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
  for (const char* folder : {"blobs", "tmp", "quarantine"}) {
    absl::Status status = MakeDirectory(absl::StrCat(root, "/", folder), root);
    if (!status.ok()) return status;
  }
  RemoveAbandonedFiles(absl::StrCat(root, "/tmp"));
  return std::unique_ptr<DirectoryBlobStore>(new DirectoryBlobStore(root));
}

std::string DirectoryBlobStore::PathOf(absl::string_view sha256) const {
  return absl::StrCat(root_, "/blobs/", sha256.substr(0, 2), "/", sha256);
}

std::string DirectoryBlobStore::QuarantinePathOf(absl::string_view sha256) const {
  return absl::StrCat(root_, "/quarantine/", sha256);
}

std::string DirectoryBlobStore::LockPath() const { return absl::StrCat(root_, "/lock"); }

absl::Status DirectoryBlobStore::MakeFolderOf(absl::string_view sha256) {
  std::string blobs = absl::StrCat(root_, "/blobs");
  return MakeDirectory(absl::StrCat(blobs, "/", sha256.substr(0, 2)), blobs);
}

absl::StatusOr<bool> DirectoryBlobStore::Holds(const v1::Blob& blob) {
  absl::Status status = Verify(blob);
  // Its writer may have died between rename and sync.
  if (status.ok()) status = SyncDirectory(absl::StrCat(root_, "/blobs/", blob.sha256().substr(0, 2)));
  if (status.ok()) status = Touch(blob.sha256());
  if (status.ok()) return true;
  // Another user's file cannot be renewed; one's own in its place can.
  if (absl::IsNotFound(status) || absl::IsDataLoss(status) || absl::IsPermissionDenied(status)) return false;
  return status;
}

absl::Status DirectoryBlobStore::Enter(AtomicFile& file, absl::string_view sha256) {
  if (absl::Status status = MakeFolderOf(sha256); !status.ok()) return status;
  absl::StatusOr<StoreLock> lock = StoreLock::Take(LockPath(), StoreLock::kShared);
  if (!lock.ok()) return lock.status();
  const std::string path = PathOf(sha256);
  if (absl::Status status = file.Commit(path, kReadOnly); !status.ok()) return status;
  // The bytes may have been written long ago.
  return utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0 ? absl::OkStatus()
                                                            : ErrnoStatus(errno, "renew", path);
}

absl::Status DirectoryBlobStore::Touch(absl::string_view sha256) {
  absl::StatusOr<StoreLock> lock = StoreLock::Take(LockPath(), StoreLock::kShared);
  if (!lock.ok()) return lock.status();
  const std::string path = PathOf(sha256);
  if (utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0) return absl::OkStatus();
  return errno == ENOENT ? Missing(sha256, path) : ErrnoStatus(errno, "renew", path);
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
  if (status.ok()) status = Enter(**file, blob.sha256());
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
  if (status.ok()) status = Enter(**file, blob.sha256());
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

absl::Status DirectoryBlobStore::Renew(const v1::Blob& blob) {
  if (absl::Status status = Check(blob); !status.ok()) return status;
  absl::Status status = Touch(blob.sha256());
  if (!absl::IsPermissionDenied(status)) return status;
  absl::StatusOr<v1::Blob> copied = PutFile(PathOf(blob.sha256()));
  if (!copied.ok() || copied->sha256() == blob.sha256()) return copied.status();
  return Corrupt(blob.sha256(), PathOf(blob.sha256()), "its bytes have another SHA-256");
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

// --- Removal

absl::StatusOr<absl::Time> DirectoryBlobStore::Now() {
  std::string path = absl::StrCat(root_, "/tmp/", kTemporaryPrefix, "XXXXXX");
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "create a file in", absl::StrCat(root_, "/tmp"));
  struct stat info;
  const int failed = fstat(fd, &info) == 0 ? 0 : errno;
  close(fd);
  unlink(path.c_str());
  if (failed != 0) return ErrnoStatus(failed, "stat", path);
  return absl::TimeFromTimespec(info.st_mtim);
}

absl::Status DirectoryBlobStore::ForEachBlob(const std::function<absl::Status(const StoredBlob&)>& visit) {
  absl::Status status;
  for (int digits = 0; digits < 256 && status.ok(); ++digits) {
    const std::string folder = absl::StrCat(root_, "/blobs/", absl::StrFormat("%02x", digits));
    DIR* entries = opendir(folder.c_str());
    if (entries == nullptr && errno == ENOENT) continue;
    if (entries == nullptr) return ErrnoStatus(errno, "list", folder);
    while (dirent* entry = status.ok() ? readdir(entries) : nullptr) {
      struct stat info;
      if (!IsSha256Hex(entry->d_name)) continue;
      if (fstatat(dirfd(entries), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) {
        continue;  // removed meanwhile, or not ours
      }
      status =
          visit({entry->d_name, static_cast<uint64_t>(info.st_size), absl::TimeFromTimespec(info.st_mtim)});
    }
    closedir(entries);
  }
  return status;
}

absl::StatusOr<bool> DirectoryBlobStore::RemoveIfUnused(absl::string_view sha256, absl::Time since) {
  if (absl::Status status = CheckName(sha256); !status.ok()) return status;
  const std::string path = PathOf(sha256);
  const std::string aside = absl::StrCat(root_, "/tmp/", kTemporaryPrefix, "removed-", sha256);
  {
    absl::StatusOr<StoreLock> lock = StoreLock::Take(LockPath(), StoreLock::kAlone);
    if (!lock.ok()) return lock.status();
    struct stat info;
    if (stat(path.c_str(), &info) != 0) {
      if (errno == ENOENT) return false;
      return ErrnoStatus(errno, "stat", path);
    }
    if (absl::TimeFromTimespec(info.st_mtim) >= since) return false;
    if (rename(path.c_str(), aside.c_str()) != 0) return ErrnoStatus(errno, "remove", path);
  }
  // Freeing a large file takes a while; nobody need wait for it.
  if (unlink(aside.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, "remove", aside);
  return true;
}

absl::StatusOr<bool> DirectoryBlobStore::Quarantine(const v1::Blob& blob) {
  if (absl::Status status = CheckName(blob.sha256()); !status.ok()) return status;
  const std::string path = PathOf(blob.sha256());
  struct stat read, now;
  const bool there = stat(path.c_str(), &read) == 0;
  if (!there && errno != ENOENT) return ErrnoStatus(errno, "stat", path);
  if (there) {
    // What cannot be read is as lost as what reads wrong.
    absl::StatusOr<v1::Blob> stored = DigestFile(path);
    if (stored.ok() && stored->sha256() == blob.sha256()) return false;
  }
  absl::StatusOr<StoreLock> lock = StoreLock::Take(LockPath(), StoreLock::kAlone);
  if (!lock.ok()) return lock.status();
  const bool still_there = stat(path.c_str(), &now) == 0;
  if (!there) return still_there ? absl::StatusOr<bool>(false) : MarkLost(QuarantinePathOf(blob.sha256()));
  // Another file is a writer's, who has mended it.
  if (still_there && (now.st_ino != read.st_ino || now.st_dev != read.st_dev)) return false;
  if (rename(path.c_str(), QuarantinePathOf(blob.sha256()).c_str()) != 0) {
    return ErrnoStatus(errno, "move to quarantine", path);
  }
  return true;
}

bool DirectoryBlobStore::IsQuarantined(absl::string_view sha256) {
  return IsSha256Hex(sha256) && access(QuarantinePathOf(sha256).c_str(), F_OK) == 0;
}

}  // namespace bonsai
