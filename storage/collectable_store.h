// A BlobStore whose blobs age and can be taken out again: what the collector of garbage and the repair of a
// damaged store need beyond reading and writing. The rules that make removal safe beside writers are in
// storage/collection.h.
//
// Used by the coordinator, and by a worker for the storage folder that is its own. Safe for concurrent use by
// threads and processes, as BlobStore is.
#ifndef BONSAI_STORAGE_COLLECTABLE_STORE_H_
#define BONSAI_STORAGE_COLLECTABLE_STORE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/blob_store.h"

namespace bonsai {

struct StoredBlob {
  std::string sha256;
  uint64_t size_bytes = 0;
  absl::Time renewed;  // by Put, PutFile or Renew, by the store's clock
};

class CollectableStore : public BlobStore {
 public:
  // The time by the clock that `renewed` is taken from: the file system's, which may be another machine's.
  virtual absl::StatusOr<absl::Time> Now() = 0;

  // Calls `visit` with every blob, in no order, until it fails. A blob that comes or goes meanwhile may be
  // left out.
  virtual absl::Status ForEachBlob(const std::function<absl::Status(const StoredBlob&)>& visit) = 0;

  // Removes the blob unless it was renewed at `since` or later; both in one step that no Put and no Renew
  // comes between. Whether it removed it. FailedPrecondition: the file system cannot lock, so nothing can be
  // removed safely.
  virtual absl::StatusOr<bool> RemoveIfUnused(absl::string_view sha256, absl::Time since) = 0;

  // Reads the blob and, if its bytes are damaged, moves it aside: from then on it is not in the store, and
  // the same bytes can be stored again. Of a blob that is missing it is only remembered that somebody knows.
  // Whether the blob is lost now; false if it is sound (somebody stored it again).
  virtual absl::StatusOr<bool> Quarantine(const v1::Blob& blob) = 0;

  // Whether Quarantine was called for this blob while it was damaged or missing.
  virtual bool IsQuarantined(absl::string_view sha256) = 0;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_COLLECTABLE_STORE_H_
