// Files of v1.Document, each record behind its length as a varint: the "documents.binpb" of a corpus
// artifact.
//
// Written by the data runner, read by every runner that takes a corpus. Both classes stream: a reader holds
// one record and a read-ahead of 1 MiB. Not thread-safe; one thread at a time.
#ifndef BONSAI_STORAGE_DOCUMENT_FILE_H_
#define BONSAI_STORAGE_DOCUMENT_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bonsai/v1/document.pb.h"

namespace bonsai {

// The largest record, serialised. A bound on what a corrupt length makes a reader allocate.
inline constexpr uint64_t kDocumentBytesMax = 64 << 20;

class DocumentWriter {
 public:
  // Creates the file, or truncates it. Errors: NotFound (no such folder), PermissionDenied, Internal; they
  // name the path.
  static absl::StatusOr<std::unique_ptr<DocumentWriter>> Create(const std::string& path);

  // A file that was not closed is left as it is: incomplete.
  virtual ~DocumentWriter() = default;

  // The same document gives the same bytes in every run. Errors: InvalidArgument (larger than
  // kDocumentBytesMax), ResourceExhausted (the disk is full), Internal.
  virtual absl::Status Append(const v1::Document& document) = 0;

  // Flushes and closes. Nothing may be appended afterwards. Errors as Append.
  virtual absl::Status Close() = 0;

  // Documents appended so far.
  virtual uint64_t documents() const = 0;
};

class DocumentReader {
 public:
  // Fills up to `size` bytes at `data`; returns how many, 0 at the end.
  using ReadFunction = std::function<absl::StatusOr<size_t>(char* data, size_t size)>;

  // NotFound or PermissionDenied name the path.
  static absl::StatusOr<std::unique_ptr<DocumentReader>> Open(const std::string& path);
  // Reads from `read`; `name` stands for the file in errors.
  static std::unique_ptr<DocumentReader> Over(ReadFunction read, std::string name);

  virtual ~DocumentReader() = default;

  // Reads the next record into *document. Returns false at the end of the file.
  // Errors: DataLoss names the file, the record's number (from 0) and its byte offset; Internal if reading
  // failed. After an error, every further call returns it again.
  virtual absl::StatusOr<bool> Next(v1::Document* document) = 0;

  // Records read so far.
  virtual uint64_t documents() const = 0;
  // Bytes of the file that those records take.
  virtual uint64_t offset() const = 0;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_DOCUMENT_FILE_H_
