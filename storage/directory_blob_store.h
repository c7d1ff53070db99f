// The BlobStore over a folder, on a local disk or a shared file system:
//
//   <root>/blobs/<first two digits>/<sha256>   a blob, read-only
//   <root>/tmp/                                files being written
//
// Made by runners, the coordinator and tests. Safe for concurrent use by threads and processes: a blob
// appears by rename, whole, and writers of the same blob replace it by the same bytes.
#ifndef BONSAI_STORAGE_DIRECTORY_BLOB_STORE_H_
#define BONSAI_STORAGE_DIRECTORY_BLOB_STORE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/blob_store.h"

namespace bonsai {

class DirectoryBlobStore : public BlobStore {
 public:
  // Makes the folders that are missing, and removes what writers that died left in tmp/.
  static absl::StatusOr<std::unique_ptr<DirectoryBlobStore>> Open(const std::string& root);

  absl::StatusOr<v1::Blob> Put(absl::string_view bytes) override;
  absl::StatusOr<v1::Blob> PutFile(const std::string& path) override;
  absl::StatusOr<std::string> Get(absl::string_view sha256, size_t max_bytes) override;
  absl::StatusOr<uint64_t> SizeOf(absl::string_view sha256) override;
  absl::Status Check(const v1::Blob& blob) override;
  absl::Status Verify(const v1::Blob& blob) override;
  absl::StatusOr<std::string> LocalPath(const v1::Blob& blob) override;

 private:
  explicit DirectoryBlobStore(std::string root) : root_(std::move(root)) {}

  std::string PathOf(absl::string_view sha256) const;
  // Whether the blob is there and sound, and its name durable.
  absl::StatusOr<bool> Holds(const v1::Blob& blob);
  absl::Status MakeFolderOf(absl::string_view sha256);

  const std::string root_;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_DIRECTORY_BLOB_STORE_H_
