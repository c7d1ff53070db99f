#include "storage/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {

absl::StatusOr<StoreLock> StoreLock::Take(const std::string& path, Mode mode) {
  // Another user's file can still be locked shared; to lock it alone, some file systems want it open for
  // writing.
  const int access = mode == kShared ? O_RDONLY : O_RDWR;
  const int fd = open(path.c_str(), access | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return ErrnoStatus(errno, "open", path);
  StoreLock lock(fd);
  int failed;
  do {
    failed = flock(fd, mode == kShared ? LOCK_SH : LOCK_EX) == 0 ? 0 : errno;
  } while (failed == EINTR);
  if (failed == 0) return lock;
  if (failed != ENOLCK && failed != ENOTSUP && failed != ENOSYS) return ErrnoStatus(failed, "lock", path);
  if (mode == kShared) return lock;
  return absl::FailedPreconditionError(absl::StrCat(
      "lock ", path, ": this file system has no locks, so blobs cannot be removed from it safely"));
}

StoreLock::~StoreLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace bonsai
