#include "client/cluster/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace bonsai {

absl::StatusOr<std::unique_ptr<FolderLock>> FolderLock::Take(const std::string& dir) {
  const std::string path = dir + "/lock";
  // Not inherited by the cluster's processes: the lock is this one's.
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return absl::FailedPreconditionError(absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const ssize_t size = pread(fd, holder, sizeof(holder) - 1, 0);
    close(fd);
    const std::string pid(absl::StripAsciiWhitespace(absl::string_view(holder, size > 0 ? size : 0)));
    return absl::FailedPreconditionError(absl::StrCat(
        "a cluster runs in ", dir, " already (`bonsai up`, process ", pid.empty() ? "unknown" : pid,
        "); use it, end it with Ctrl-C, or start another with --dir"));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    const int code = errno;
    close(fd);
    return absl::FailedPreconditionError(absl::StrCat("cannot write ", path, ": ", std::strerror(code)));
  }
  return std::unique_ptr<FolderLock>(new FolderLock(fd));
}

FolderLock::~FolderLock() { close(fd_); }

}  // namespace bonsai
