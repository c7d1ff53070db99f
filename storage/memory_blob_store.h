// The BlobStore in memory: the fake for tests. Blobs are anonymous files of this process, so that LocalPath
// works. Its clock stands until a test turns it.
//
// Safe for concurrent use by threads; nothing is shared with other processes.
#ifndef BONSAI_STORAGE_MEMORY_BLOB_STORE_H_
#define BONSAI_STORAGE_MEMORY_BLOB_STORE_H_

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/collectable_store.h"

namespace bonsai {

class MemoryBlobStore : public CollectableStore {
 public:
  MemoryBlobStore() = default;
  ~MemoryBlobStore() override;

  absl::StatusOr<v1::Blob> Put(absl::string_view bytes) override;
  absl::StatusOr<v1::Blob> PutFile(const std::string& path) override;
  absl::StatusOr<std::string> Get(absl::string_view sha256, size_t max_bytes) override;
  absl::StatusOr<uint64_t> SizeOf(absl::string_view sha256) override;
  absl::Status Check(const v1::Blob& blob) override;
  absl::Status Renew(const v1::Blob& blob) override;
  absl::Status Verify(const v1::Blob& blob) override;
  absl::StatusOr<std::string> LocalPath(const v1::Blob& blob) override;

  absl::StatusOr<absl::Time> Now() override;
  absl::Status ForEachBlob(const std::function<absl::Status(const StoredBlob&)>& visit) override;
  absl::StatusOr<bool> RemoveIfUnused(absl::string_view sha256, absl::Time since) override;
  absl::StatusOr<bool> Quarantine(const v1::Blob& blob) override;
  bool IsQuarantined(absl::string_view sha256) override;

  void Advance(absl::Duration duration);

  // Puts other bytes under a blob's name, as a failing disk would; removes the blob if there are none.
  void Damage(absl::string_view sha256, const std::string* bytes);

 private:
  struct Entry {
    std::string bytes;
    int fd = -1;  // of the anonymous file, once LocalPath was asked for
    absl::Time renewed;
  };
  const Entry* Find(absl::string_view sha256) const;

  void Erase(const std::string& sha256);

  mutable std::mutex mutex_;
  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  std::map<std::string, Entry> entries_;
  std::set<std::string> quarantined_;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_MEMORY_BLOB_STORE_H_
