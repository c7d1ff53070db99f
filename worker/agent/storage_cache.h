// What a worker whose storage folder is its own keeps there: artifacts that it fetched or made, until they
// take more than they may. The one that was used longest ago goes first; never one that a live rank uses.
// What no artifact names goes before all of them, unless it was stored since the oldest live rank started:
// that may be a runner's work, whose manifest is yet to come.
//
// Used by the courier's threads and the Synchronizer's. Safe from any thread.
#ifndef BONSAI_WORKER_AGENT_STORAGE_CACHE_H_
#define BONSAI_WORKER_AGENT_STORAGE_CACHE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/artifact.pb.h"
#include "storage/collectable_store.h"
#include "worker/agent/rank_table.h"

namespace bonsai {

// Ids that a worker's offer names.
inline constexpr size_t kOfferedArtifactsMax = 64;

class StorageCache {
 public:
  // What was used, and when, is kept in `dir` as empty files, one for each artifact; what an earlier process
  // kept is found there. `blobs` outlives this.
  static absl::StatusOr<std::unique_ptr<StorageCache>> Open(const std::string& dir, CollectableStore* blobs,
                                                            uint64_t bytes_max);

  // A rank lives from now on, or does no more.
  void Enter(const RankKey& rank);
  void Leave(const RankKey& rank);
  // The artifact and all its blobs were here at `used`.
  void Use(const std::string& id, const v1::Manifest& manifest, absl::Time used);
  // Likewise, and the rank uses it for as long as it lives.
  void UseFor(const RankKey& rank, const std::string& id, const v1::Manifest& manifest);

  // Removes what must go. Errors as CollectableStore.
  absl::Status Trim();

  // The ids of whole artifacts that were used last, newest last, at most kOfferedArtifactsMax.
  std::vector<std::string> Artifacts() const;

 private:
  struct Entry {
    absl::Time used;
    std::set<std::string> blobs;  // and the manifest's own
  };
  struct LiveRank {
    absl::Time entered;
    std::set<std::string> artifacts;
  };

  StorageCache(std::string dir, CollectableStore* blobs, uint64_t bytes_max)
      : dir_(std::move(dir)), blobs_(blobs), bytes_max_(bytes_max) {}

  void Load();
  bool InUse(const std::string& id) const;
  std::vector<std::string> ByUse() const;
  // Removes what must go of all that is stored, which has `total` bytes.
  absl::Status TrimLocked(const std::map<std::string, StoredBlob>& stored, uint64_t total);

  const std::string dir_;
  CollectableStore* const blobs_;
  const uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::map<RankKey, LiveRank> ranks_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_STORAGE_CACHE_H_
