// Content-addressed bytes. Everything that Bonsai keeps (documents, weights, reports, manifests) is a blob,
// named by the SHA-256 of its bytes; so the same bytes are stored once, and whoever reads them can check
// them.
//
// Used by runners, the coordinator and exports. Implementations are safe for concurrent use by threads and
// processes.
#ifndef BONSAI_STORAGE_BLOB_STORE_H_
#define BONSAI_STORAGE_BLOB_STORE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/artifact.pb.h"

namespace bonsai {

class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Stores the bytes; durable when it returns. Storing what is there already only checks and renews it.
  // Errors: ResourceExhausted (the disk is full), Internal (the device failed). Nothing half-written stays.
  virtual absl::StatusOr<v1::Blob> Put(absl::string_view bytes) = 0;

  // Stores a file's bytes without holding them in memory. NotFound if the file cannot be read.
  virtual absl::StatusOr<v1::Blob> PutFile(const std::string& path) = 0;

  // The blob's bytes, checked against its name. NotFound; DataLoss if the stored bytes are not those.
  // `max_bytes` bounds the memory: a larger blob is ResourceExhausted.
  virtual absl::StatusOr<std::string> Get(absl::string_view sha256, size_t max_bytes) = 0;

  // The blob's size in bytes, without reading it. InvalidArgument for what is no blob's name; NotFound.
  virtual absl::StatusOr<uint64_t> SizeOf(absl::string_view sha256) = 0;

  // Whether the blob is there with this size, without reading it. NotFound; DataLoss if its size differs.
  virtual absl::Status Check(const v1::Blob& blob) = 0;

  // Protects a blob that is there from being collected as garbage for as long as a new one
  // (storage/collection.h): whoever is about to name it calls this first. NotFound; DataLoss if its size
  // differs.
  virtual absl::Status Renew(const v1::Blob& blob) { return Check(blob); }

  // Reads all of the blob and checks it against its name. NotFound; DataLoss.
  virtual absl::Status Verify(const v1::Blob& blob) = 0;

  // A path where the blob's bytes can be read or mapped. Its bytes are not checked: call Verify first where
  // the reader does not check what it reads. The file must not be written to.
  virtual absl::StatusOr<std::string> LocalPath(const v1::Blob& blob) = 0;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_BLOB_STORE_H_
