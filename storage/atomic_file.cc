#include "storage/atomic_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

// A writer locks its file right after creating it; a file this young may be between the two.
constexpr time_t kAbandonedAfterSeconds = 60;

std::string Parent(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AtomicFile>> AtomicFile::Create(const std::string& dir) {
  std::string path = absl::StrCat(dir, "/", kTemporaryPrefix, "XXXXXX");
  int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "create a file in", dir);
  // The lock says that the writer lives. Where the file system has none, the file's age alone must do.
  flock(fd, LOCK_EX | LOCK_NB);
  return std::unique_ptr<AtomicFile>(new AtomicFile(path, fd));
}

AtomicFile::~AtomicFile() {
  if (!committed_) unlink(path_.c_str());
  if (fd_ >= 0) close(fd_);
}

absl::Status AtomicFile::Append(absl::string_view bytes) { return WriteAll(fd_, bytes, path_); }

absl::Status AtomicFile::Commit(const std::string& path, unsigned mode) {
  if (fchmod(fd_, mode) != 0) return ErrnoStatus(errno, "chmod", path_);
  if (fsync(fd_) != 0) return ErrnoStatus(errno, "sync", path_);
  if (rename(path_.c_str(), path.c_str()) != 0) return ErrnoStatus(errno, "rename to", path);
  committed_ = true;
  return SyncDirectory(Parent(path));
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view bytes) {
  absl::StatusOr<std::unique_ptr<AtomicFile>> file = AtomicFile::Create(Parent(path));
  if (!file.ok()) return file.status();
  if (absl::Status status = (*file)->Append(bytes); !status.ok()) return status;
  return (*file)->Commit(path, 0644);
}

absl::Status SyncDirectory(const std::string& dir) {
  int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "open", dir);
  int failed = fsync(fd) != 0 ? errno : 0;
  close(fd);
  // Some network file systems cannot sync a folder; their renames are durable by themselves.
  if (failed != 0 && failed != EINVAL && failed != ENOTSUP) return ErrnoStatus(failed, "sync", dir);
  return absl::OkStatus();
}

void RemoveAbandonedFiles(const std::string& dir) {
  DIR* entries = opendir(dir.c_str());
  if (entries == nullptr) return;
  while (dirent* entry = readdir(entries)) {
    if (!absl::StartsWith(entry->d_name, kTemporaryPrefix)) continue;
    std::string path = absl::StrCat(dir, "/", entry->d_name);
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    struct stat info;
    bool old = fstat(fd, &info) == 0 && info.st_mtime + kAbandonedAfterSeconds < time(nullptr);
    if (old && flock(fd, LOCK_EX | LOCK_NB) == 0) unlink(path.c_str());
    close(fd);
  }
  closedir(entries);
}

}  // namespace bonsai
