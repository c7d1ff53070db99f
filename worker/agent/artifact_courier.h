// Moves artifacts for the ranks of a worker that does not share the coordinator's storage: brings a rank's
// inputs and its checkpoint before it starts, and takes what it made to the coordinator before that is
// reported.
//
// Each rank has a lane: a thread that does one thing after another. Asked by the Agent's process thread,
// which takes what is finished when done_fd says so; only done_fd and the lanes' threads touch anything else.
#ifndef BONSAI_WORKER_AGENT_ARTIFACT_COURIER_H_
#define BONSAI_WORKER_AGENT_ARTIFACT_COURIER_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bonsai/v1/runner.pb.h"
#include "storage/blob_store.h"
#include "storage/partial_blobs.h"
#include "storage/remote/transfer.h"
#include "worker/agent/rank_table.h"
#include "worker/agent/storage_cache.h"

namespace bonsai {

class ArtifactCourier {
 public:
  struct Parts {
    BlobStore* blobs;
    PartialBlobs* partial;
    StorageCache* cache;
    TransferOptions transfer;  // its cancelled and progress are the courier's own
    // Told how far a rank's fetch is, a few times a second, on the lane's thread.
    std::function<void(const RankKey&, uint64_t done_bytes, uint64_t total_bytes)> progress;
  };
  // All outlive this.
  explicit ArtifactCourier(Parts parts);
  // Breaks off what is under way.
  ~ArtifactCourier();

  // Brings the task's inputs, and of its checkpoints the newest that the coordinator can give whole; the
  // others are taken out of the task.
  void Fetch(const RankKey& key, v1::Task task);
  // Takes what a checkpoint or artifact event names. A checkpoint that still waits is dropped for a newer
  // one.
  void Deliver(const RankKey& key, v1::RunnerEvent event);
  // Breaks off the rank's fetch and drops its deliveries; each is finished with Cancelled.
  void Cancel(const RankKey& key);
  // The rank is gone. What it was using may be dropped.
  void Forget(const RankKey& key);
  // Whether the rank has deliveries that were not taken back as finished.
  bool Delivers(const RankKey& key) const;

  struct Finished {
    RankKey key;
    absl::Status status;
    v1::Task task;          // of a fetch
    v1::RunnerEvent event;  // of a delivery
    bool is_fetch = false;
    absl::Time asked;
  };
  std::vector<Finished> TakeFinished();
  // Readable while something is finished.
  int done_fd() const { return done_fd_; }

 private:
  struct Lane;

  Lane& LaneOf(const RankKey& key);
  void Finish(Finished finished);
  absl::Status FetchAll(Lane& lane, v1::Task& task);
  absl::Status FetchOne(Lane& lane, const std::string& id, const TransferOptions& options);
  absl::Status DeliverOne(Lane& lane, const Finished& delivery);
  void TrimCache();
  TransferOptions OptionsOf(Lane& lane) const;
  void Run(Lane& lane);

  const Parts parts_;
  int done_fd_;
  std::map<RankKey, std::unique_ptr<Lane>> lanes_;  // the process thread's
  std::map<RankKey, int> delivering_;               // the process thread's
  std::mutex mutex_;
  std::vector<Finished> finished_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_ARTIFACT_COURIER_H_
