// What a fetch and a push of an artifact share: how many streams run at once, how often one tries again, who
// may stop it, and who is told how far it is.
//
// Values and functions; Progress and Cancelled are called from the streams' threads, one at a time.
#ifndef BONSAI_STORAGE_REMOTE_TRANSFER_H_
#define BONSAI_STORAGE_REMOTE_TRANSFER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bonsai/v1/artifact.pb.h"
#include "storage/remote/blob_remote.h"

namespace bonsai {

struct TransferOptions {
  std::function<std::unique_ptr<BlobRemote>()> connect;  // one for each stream
  int streams = 4;
  int tries_max = 5;  // of one blob, against errors of the far side; it may be away for as long as it likes
  absl::Duration backoff_first = absl::Milliseconds(100);  // doubles
  absl::Duration backoff_max = absl::Seconds(5);
  // Whether to stop; asked often.
  std::function<bool()> cancelled = [] { return false; };
  // Whether to wait on for a far side that is away.
  std::function<bool()> patient = [] { return true; };
  std::function<void(uint64_t done_bytes, uint64_t total_bytes)> progress = [](uint64_t, uint64_t) {};
};

// How far the blobs of one transfer are. Safe from any thread.
class TransferProgress {
 public:
  TransferProgress(const TransferOptions& options, uint64_t total_bytes)
      : options_(options), total_bytes_(total_bytes) {}
  void Add(uint64_t bytes);
  // Bytes that were counted must come again.
  void Remove(uint64_t bytes);

 private:
  const TransferOptions& options_;
  const uint64_t total_bytes_;
  std::mutex mutex_;
  uint64_t done_bytes_ = 0;
};

// Whether the same call may succeed later: the far side is away, or busy with the same blob.
bool IsPassing(const absl::Status& status);

// Calls `attempt` until it succeeds, fails for good, has failed tries_max times, or the transfer is cancelled
// (Cancelled). Passing errors do not count as tries as long as the caller is patient.
absl::Status TryAgain(const TransferOptions& options, const std::function<absl::Status()>& attempt);

// Calls `move` for each blob, on options.streams threads with a remote each; the first error, once all have
// ended.
absl::Status ForEachBlobInParallel(const std::vector<v1::Blob>& blobs, const TransferOptions& options,
                                   const std::function<absl::Status(const v1::Blob&, BlobRemote&)>& move);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_REMOTE_TRANSFER_H_
