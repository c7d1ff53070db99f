#include "security/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

absl::Status FromErrno(int error, const std::string& path, absl::string_view doing) {
  const std::string text = absl::StrCat(path, ": cannot be ", doing, ": ", std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  if (error == EEXIST) return absl::AlreadyExistsError(absl::StrCat(path, ": is there already"));
  return absl::FailedPreconditionError(text);
}

// 0, or errno.
int WriteAndSync(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t bytes_max) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, path, "read");
  std::string bytes(bytes_max + 1, '\0');
  size_t filled = 0;
  int error = 0;
  while (filled < bytes.size()) {
    const ssize_t got = read(fd, &bytes[filled], bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  close(fd);
  if (error != 0) return FromErrno(error, path, "read");
  if (filled > bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": holds more than ", bytes_max, " bytes"));
  }
  bytes.resize(filled);
  return bytes;
}

absl::Status WriteNewFile(const std::string& path, absl::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FromErrno(errno, path, "made");
  const int error = WriteAndSync(fd, bytes);
  close(fd);
  if (error == 0) return absl::OkStatus();
  unlink(path.c_str());
  return FromErrno(error, path, "written");
}

absl::Status ReplaceFile(const std::string& path, absl::string_view bytes) {
  const std::string temporary = absl::StrCat(path, ".new-", getpid());
  if (absl::Status written = WriteNewFile(temporary, bytes); !written.ok()) return written;
  if (std::rename(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const int error = errno;
  unlink(temporary.c_str());
  return FromErrno(error, path, "replaced");
}

}  // namespace bonsai
