// Which blobs a tenant may read: those that its artifacts name, and their manifests. Whoever knows a blob's
// name does not thereby have a right to its bytes.
//
// Safe to call from any thread. Reads each artifact's manifest once, when its tenant first asks for a blob;
// keeps 16 bytes for every blob.
#ifndef BONSAI_COORDINATOR_RPC_BLOB_ACCESS_H_
#define BONSAI_COORDINATOR_RPC_BLOB_ACCESS_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "coordinator/rpc/read_model.h"
#include "storage/blob_store.h"

namespace bonsai {

class BlobAccess {
 public:
  // Both must outlive this.
  BlobAccess(BlobStore* blobs, const ReadModel* model) : blobs_(blobs), model_(model) {}

  // NotFound if it is not the actor's, as if it were not there.
  absl::Status Check(const Actor& actor, const std::string& sha256);

 private:
  // The first half of a digest: to make another blob with the same one would take 2^64 tries and more.
  using Key = std::pair<uint64_t, uint64_t>;
  struct Tenant {
    uint64_t sequence = 0;  // of the newest artifact that was looked at
    absl::btree_set<Key> blobs;
  };

  static Key KeyOf(absl::string_view sha256);
  // Looks at the artifacts that came since it was called last.
  void Extend(const Actor& actor, Tenant& tenant);

  BlobStore* const blobs_;
  const ReadModel* const model_;
  std::mutex mutex_;
  std::map<std::string, Tenant> tenants_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_BLOB_ACCESS_H_
