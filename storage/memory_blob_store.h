// The BlobStore in memory: the fake for tests. Blobs are anonymous files of this process, so that LocalPath
// works.
//
// Safe for concurrent use by threads; nothing is shared with other processes.
#ifndef BONSAI_STORAGE_MEMORY_BLOB_STORE_H_
#define BONSAI_STORAGE_MEMORY_BLOB_STORE_H_

#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/blob_store.h"

namespace bonsai {

class MemoryBlobStore : public BlobStore {
 public:
  MemoryBlobStore() = default;
  ~MemoryBlobStore() override;

  absl::StatusOr<v1::Blob> Put(absl::string_view bytes) override;
  absl::StatusOr<v1::Blob> PutFile(const std::string& path) override;
  absl::StatusOr<std::string> Get(absl::string_view sha256, size_t max_bytes) override;
  absl::StatusOr<uint64_t> SizeOf(absl::string_view sha256) override;
  absl::Status Check(const v1::Blob& blob) override;
  absl::Status Verify(const v1::Blob& blob) override;
  absl::StatusOr<std::string> LocalPath(const v1::Blob& blob) override;

  // Puts other bytes under a blob's name, as a failing disk would; removes the blob if there are none.
  void Damage(absl::string_view sha256, const std::string* bytes);

 private:
  struct Entry {
    std::string bytes;
    int fd = -1;  // of the anonymous file, once LocalPath was asked for
  };
  const Entry* Find(absl::string_view sha256) const;

  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_MEMORY_BLOB_STORE_H_
