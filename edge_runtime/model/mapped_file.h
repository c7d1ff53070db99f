// A file mapped into memory, read-only: pages are read when touched and can be dropped again. The engine maps
// weights with it; readers of big corpora too.
//
// Immutable; safe for concurrent use. A file that is truncated while mapped raises SIGBUS where it is read,
// as with any mapping: artifacts are written once and never changed.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_MAPPED_FILE_H_
#define BONSAI_EDGE_RUNTIME_MODEL_MAPPED_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bonsai::edge {

class MappedFile {
 public:
  // nullptr and *error (path and reason) if it cannot be opened or is no regular file.
  static std::unique_ptr<MappedFile> Open(const std::string& path, std::string* error);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const uint8_t> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  MappedFile(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  const uint8_t* data_;
  size_t size_;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_MAPPED_FILE_H_
