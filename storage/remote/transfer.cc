#include "storage/remote/transfer.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/time/clock.h"

namespace bonsai {
namespace {

constexpr absl::Duration kCancelPoll = absl::Milliseconds(20);

// False if the transfer was cancelled meanwhile.
bool SleepUnlessCancelled(const TransferOptions& options, absl::Duration duration) {
  for (absl::Duration left = duration; left > absl::ZeroDuration(); left -= kCancelPoll) {
    if (options.cancelled()) return false;
    absl::SleepFor(std::min(left, kCancelPoll));
  }
  return !options.cancelled();
}

}  // namespace

void TransferProgress::Add(uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  done_bytes_ += bytes;
  options_.progress(done_bytes_, total_bytes_);
}

void TransferProgress::Remove(uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  done_bytes_ -= std::min(done_bytes_, bytes);
}

bool IsPassing(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsAborted(status);
}

absl::Status TryAgain(const TransferOptions& options, const std::function<absl::Status()>& attempt) {
  absl::Duration backoff = options.backoff_first;
  int tries = 0;
  while (true) {
    if (options.cancelled()) return absl::CancelledError("the transfer was stopped");
    const absl::Status status = attempt();
    if (status.ok() || absl::IsCancelled(status)) return status;
    // What is not there, or may not be had, will not be had by asking again.
    if (absl::IsNotFound(status) || absl::IsInvalidArgument(status) || absl::IsPermissionDenied(status) ||
        absl::IsUnauthenticated(status) || absl::IsFailedPrecondition(status)) {
      return status;
    }
    if (IsPassing(status) ? !options.patient() : ++tries >= options.tries_max) return status;
    if (!SleepUnlessCancelled(options, backoff)) return absl::CancelledError("the transfer was stopped");
    backoff = std::min(backoff * 2, options.backoff_max);
  }
}

absl::Status ForEachBlobInParallel(const std::vector<v1::Blob>& blobs, const TransferOptions& options,
                                   const std::function<absl::Status(const v1::Blob&, BlobRemote&)>& move) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  absl::Status first_error;
  const auto run = [&] {
    const std::unique_ptr<BlobRemote> remote = options.connect();
    for (size_t i = next++; i < blobs.size(); i = next++) {
      const absl::Status status = move(blobs[i], *remote);
      if (status.ok()) continue;
      next = blobs.size();
      std::lock_guard<std::mutex> lock(mutex);
      if (first_error.ok()) first_error = status;
    }
  };
  std::vector<std::thread> threads;
  const size_t streams = std::min<size_t>(std::max(1, options.streams), blobs.size());
  for (size_t i = 1; i < streams; ++i) threads.emplace_back(run);
  if (streams > 0) run();
  for (std::thread& thread : threads) thread.join();
  return first_error;
}

}  // namespace bonsai
