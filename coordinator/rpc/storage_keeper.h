// Looks after the coordinator's storage: collects garbage on a thread of its own and on request, verifies and
// quarantines blobs, counts what each tenant holds, and knows what was made from what. Each of these begins
// by bringing its index up to date with the records that were published.
//
// Safe to call from any thread. Reading and removing are done at the lowest I/O priority.
#ifndef BONSAI_COORDINATOR_RPC_STORAGE_KEEPER_H_
#define BONSAI_COORDINATOR_RPC_STORAGE_KEEPER_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/rpc/call_stream.h"
#include "coordinator/rpc/read_model.h"
#include "storage/collectable_store.h"
#include "storage/mark.h"

namespace bonsai {

class StorageKeeper {
 public:
  struct Options {
    absl::Duration garbage_age = absl::Hours(1);
    absl::Duration interval = absl::Minutes(10);
    // After the start, nothing is removed until workers have had the time to report what they hold: a lease.
    absl::Duration settle = absl::Seconds(10);
    // Of what one Verify reads, it waits for as long as it read, so that others get at the disk.
    bool throttle = true;
    // Told of each pass that was no dry run, on the thread that made it.
    std::function<void(const v1::CollectGarbageResponse&)> collected = {};
  };
  static Options OptionsOf(const v1::StorageConfig& config, absl::Duration lease);

  // Both must outlive this. The thread starts at once.
  StorageKeeper(CollectableStore* blobs, const ReadModel* model, Options options);
  ~StorageKeeper();

  // Ends the thread and whatever a call is doing (Cancelled). Idempotent.
  void Stop();

  // One pass. FailedPrecondition: workers have not had the time to report yet, or a manifest that a record
  // names cannot be read and nobody has quarantined it, so that what it names is not known. `cancelled` is
  // asked often.
  absl::StatusOr<v1::CollectGarbageResponse> Collect(bool dry_run, const std::function<bool()>& cancelled);

  // Reads every blob that is named. The stream gets a message with each problem, one every second, and a last
  // one. FailedPrecondition: another verification is under way.
  absl::Status Verify(const v1::VerifyStorageRequest& request,
                      const CallStream<v1::VerifyStorageResponse>& stream);

  // By tenant.
  std::map<std::string, TenantBytes> Usage();

  // The records of all that was made from an artifact, or from a file from outside with this SHA-256; nearest
  // first.
  std::vector<v1::ArtifactRecord> DescendantsOf(const std::string& id);
  // Whether an artifact names a file with this SHA-256 as its source.
  bool IsSource(const std::string& sha256);

 private:
  void Run();
  // Holds mutex_. What could not be read.
  std::vector<UnreadManifest> Refresh();
  bool stopped();
  v1::StorageProblem Describe(const v1::Blob& blob, const absl::Status& status);

  CollectableStore* const blobs_;
  const ReadModel* const model_;
  const Options options_;
  const absl::Time started_;
  std::mutex verifying_;  // held by the one verification
  std::mutex mutex_;      // guards index_; never held while blobs are read or removed, only manifests
  StorageIndex index_;
  std::mutex stop_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_STORAGE_KEEPER_H_
