#include "worker/data/byte_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

class FileStream final : public ByteStream {
 public:
  FileStream(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~FileStream() override { close(fd_); }

  absl::StatusOr<size_t> Read(char* data, size_t size) override {
    ssize_t n;
    do {
      n = read(fd_, data, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return ErrnoStatus(errno, "read", path_);
    offset_ += n;
    return static_cast<size_t>(n);
  }

  uint64_t file_offset() const override { return offset_; }
  const std::string& name() const override { return path_; }

 private:
  const int fd_;
  const std::string path_;
  uint64_t offset_ = 0;
};

class MemoryStream final : public ByteStream {
 public:
  MemoryStream(absl::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

  absl::StatusOr<size_t> Read(char* data, size_t size) override {
    const size_t n = std::min<size_t>(size, bytes_.size() - offset_);
    if (n > 0) std::memcpy(data, bytes_.data() + offset_, n);
    offset_ += n;
    return n;
  }

  uint64_t file_offset() const override { return offset_; }
  const std::string& name() const override { return name_; }

 private:
  const absl::string_view bytes_;
  const std::string name_;
  uint64_t offset_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteStream>> ByteStream::OpenFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "read", path);
  struct stat info;
  if (fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError(absl::StrCat(path, " is a folder; a file is needed"));
  }
  return std::make_unique<FileStream>(fd, path);
}

std::unique_ptr<ByteStream> ByteStream::OverBytes(absl::string_view bytes, std::string name) {
  return std::make_unique<MemoryStream>(bytes, std::move(name));
}

}  // namespace bonsai
