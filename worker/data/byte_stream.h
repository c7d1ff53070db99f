// Bytes that are read once, from front to back: a file from outside, plain or behind gzip.
//
// Called by the readers of data formats. A stream belongs to one thread at a time.
#ifndef BONSAI_WORKER_DATA_BYTE_STREAM_H_
#define BONSAI_WORKER_DATA_BYTE_STREAM_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

class ByteStream {
 public:
  // NotFound, PermissionDenied or InvalidArgument (a folder) name the path.
  static absl::StatusOr<std::unique_ptr<ByteStream>> OpenFile(const std::string& path);
  // The bytes must outlive the stream; `name` stands for the file in errors.
  static std::unique_ptr<ByteStream> OverBytes(absl::string_view bytes, std::string name);

  virtual ~ByteStream() = default;

  // Fills up to `size` bytes (at least one is asked for); returns how many, 0 at the end only.
  virtual absl::StatusOr<size_t> Read(char* data, size_t size) = 0;

  // How far into the file on disk this is: for progress and errors.
  virtual uint64_t file_offset() const = 0;
  virtual const std::string& name() const = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_BYTE_STREAM_H_
