#include "edge_runtime/model/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bonsai::edge {

std::unique_ptr<MappedFile> MappedFile::Open(const std::string& path, std::string* error) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    *error = path + ": " + std::strerror(errno);
    return nullptr;
  }
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    *error = path + ": not a regular file";
    close(fd);
    return nullptr;
  }
  const size_t size = static_cast<size_t>(status.st_size);
  const void* data = nullptr;
  if (size > 0) {  // mmap refuses an empty range
    data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
      *error = path + ": cannot map " + std::to_string(size) + " bytes: " + std::strerror(errno);
      close(fd);
      return nullptr;
    }
  }
  close(fd);
  return std::unique_ptr<MappedFile>(new MappedFile(static_cast<const uint8_t*>(data), size));
}

MappedFile::~MappedFile() {
  if (size_ > 0) munmap(const_cast<uint8_t*>(data_), size_);
}

}  // namespace bonsai::edge
