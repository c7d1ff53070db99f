#include "storage/file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// O_NONBLOCK so that a named pipe does not hang the open; regular files ignore it.
absl::Status OpenRegular(int fd, const std::string& path, struct stat* info) {
  if (fd < 0) return ErrnoStatus(errno, "open", path);
  if (fstat(fd, info) != 0) return ErrnoStatus(errno, "stat", path);
  if (!S_ISREG(info->st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, ": not a regular file"));
  return absl::OkStatus();
}

}  // namespace

absl::Status ErrnoStatus(int error, absl::string_view action, absl::string_view path) {
  std::string message = absl::StrCat(action, " ", path, ": ", strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::StatusOr<std::string> ReadFileBytes(const std::string& path, size_t max_bytes) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (absl::Status status = OpenRegular(file.get(), path, &info); !status.ok()) return status;
  std::string bytes;
  bytes.reserve(std::min<size_t>(max_bytes, info.st_size));
  // One byte more than allowed, so that a file that grows while it is read is noticed.
  char buffer[1 << 16];
  while (bytes.size() <= max_bytes) {
    ssize_t got = read(file.get(), buffer, std::min(sizeof buffer, max_bytes + 1 - bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read", path);
    if (got == 0) return bytes;
    bytes.append(buffer, got);
  }
  return absl::ResourceExhaustedError(
      absl::StrCat(path, ": has ", info.st_size, " bytes, more than the ", max_bytes, " allowed here"));
}

absl::Status ForEachChunk(const std::string& path, size_t chunk_bytes,
                          const std::function<absl::Status(absl::string_view)>& visit) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (absl::Status status = OpenRegular(file.get(), path, &info); !status.ok()) return status;
  std::string buffer(chunk_bytes, '\0');
  while (true) {
    ssize_t got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read", path);
    if (got == 0) return absl::OkStatus();
    if (absl::Status status = visit(absl::string_view(buffer.data(), got)); !status.ok()) return status;
  }
}

absl::Status WriteAll(int fd, absl::string_view bytes, absl::string_view path) {
  while (!bytes.empty()) {
    ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return ErrnoStatus(errno, "write", path);
    bytes.remove_prefix(put);
  }
  return absl::OkStatus();
}

}  // namespace bonsai
