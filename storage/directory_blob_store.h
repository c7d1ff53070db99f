// The BlobStore over a folder, on a local disk or a shared file system:
//
//   <root>/blobs/<first two digits>/<sha256>   a blob, read-only; its time of change says when it was renewed
//   <root>/tmp/                                files being written or removed
//   <root>/lock                                see store_lock.h
//   <root>/quarantine/<sha256>                 damaged bytes; empty if the blob was missing
//
// A blob is one file, since runners map it; equal blobs are one. Content-defined chunks (16 KiB on average)
// would have saved, of the bytes of three real stores: 0.0 % of checkpoints, which are most of a store (every
// float changes at every step); 0.0 to 0.4 % of corpora and token shards of different data; 39 % of several
// exports of one model and 46 % of its bundles for three targets; 2.3 % of all of a quickstart's store. Where
// one corpus is another with a file of C4 more, 42 % of the two; with another filter, 9 %. Against that stand
// a second copy of whatever is read and an index that must be collected too. So chunks do not pay here; how a
// blob is sent in pieces is partial_blobs.h.
//
// Made by runners, the coordinator and tests. Safe for concurrent use by threads and processes: a blob
// appears by rename, whole, and writers of the same blob replace it by the same bytes. All who write must see
// the same locks: on a network file system, no machine may mount it with locks of its own (NFS: "nolock").
#ifndef BONSAI_STORAGE_DIRECTORY_BLOB_STORE_H_
#define BONSAI_STORAGE_DIRECTORY_BLOB_STORE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/collectable_store.h"

namespace bonsai {

class AtomicFile;

class DirectoryBlobStore : public CollectableStore {
 public:
  // Makes the folders that are missing, and removes what writers that died left in tmp/.
  static absl::StatusOr<std::unique_ptr<DirectoryBlobStore>> Open(const std::string& root);

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

 private:
  explicit DirectoryBlobStore(std::string root) : root_(std::move(root)) {}

  std::string PathOf(absl::string_view sha256) const;
  std::string QuarantinePathOf(absl::string_view sha256) const;
  std::string LockPath() const;
  // Whether the blob is there and sound, its name durable; then it is renewed.
  absl::StatusOr<bool> Holds(const v1::Blob& blob);
  absl::Status MakeFolderOf(absl::string_view sha256);
  // Makes the finished file the blob, renewed now.
  absl::Status Enter(AtomicFile& file, absl::string_view sha256);
  // Sets the blob's time of change to now.
  absl::Status Touch(absl::string_view sha256);

  const std::string root_;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_DIRECTORY_BLOB_STORE_H_
