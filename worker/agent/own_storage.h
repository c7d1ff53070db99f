// The storage folder of a worker that has one of its own: a cache of the coordinator's, and the courier that
// moves artifacts between the two.
//
// Made by the Agent if the configuration says streams_storage. Its parts say what threads may do.
#ifndef BONSAI_WORKER_AGENT_OWN_STORAGE_H_
#define BONSAI_WORKER_AGENT_OWN_STORAGE_H_

#include <atomic>
#include <memory>

#include "absl/status/statusor.h"
#include "bonsai/v1/config.pb.h"
#include "storage/directory_blob_store.h"
#include "storage/partial_blobs.h"
#include "worker/agent/artifact_courier.h"
#include "worker/agent/coordinator_channel.h"
#include "worker/agent/rank_board.h"
#include "worker/agent/storage_cache.h"

namespace bonsai {

class OwnStorage {
 public:
  // Below the configuration's storage_dir: blobs/, incoming/ (what is on its way) and cached/ (what was used
  // when).
  static absl::StatusOr<std::unique_ptr<OwnStorage>> Open(const v1::WorkerConfig& config);

  // Who is told how far a fetch is. Called once, before the courier is asked for anything.
  void SetBoard(RankBoard* board) { board_ = board; }

  ArtifactCourier& courier() { return *courier_; }
  const StorageCache& cache() const { return *cache_; }

 private:
  explicit OwnStorage(const v1::WorkerConfig& config);

  CoordinatorChannel channel_;
  RankBoard* board_ = nullptr;
  std::unique_ptr<DirectoryBlobStore> blobs_;
  std::unique_ptr<PartialBlobs> partial_;
  std::unique_ptr<StorageCache> cache_;
  std::unique_ptr<ArtifactCourier> courier_;  // the last: its threads use all of the above
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_OWN_STORAGE_H_
