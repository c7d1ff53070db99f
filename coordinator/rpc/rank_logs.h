// What ranks print and measure, in files: <state_dir>/logs/<pipeline>/<job>/<attempt>-<rank>.{log,samples}.
// Agents append, readers follow. Logs are not records: they are written without a sync, and an agent whose
// coordinator lost the end of a file is told how much is there and sends the rest again.
//
// Safe to call from any thread. Callers pass only job ids that are on record (their characters are checked
// there).
#ifndef BONSAI_COORDINATOR_RPC_RANK_LOGS_H_
#define BONSAI_COORDINATOR_RPC_RANK_LOGS_H_

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace bonsai {

inline constexpr uint64_t kRankLogBytesMax = 64 << 20;

// Names one stream of one rank.
struct RankLogName {
  std::string job_id;  // "p1/pretrain"
  uint32_t attempt = 0;
  uint32_t rank = 0;
  bool samples = false;
};

class RankLogs {
 public:
  // `folder` is made when the first log comes. A stream is cut, with a note, at `bytes_max`.
  explicit RankLogs(std::string folder, uint64_t bytes_max = kRankLogBytesMax);

  struct Appended {
    uint64_t size = 0;   // what the sender may regard as stored: it sends on from here
    uint64_t bytes = 0;  // what this call stored
  };
  // Bytes that are there already are skipped. A gap (offset beyond the end) stores nothing. A stream that was
  // cut swallows what comes, and says that it has it. ResourceExhausted if the disk is full; Internal.
  absl::StatusOr<Appended> Append(const RankLogName& name, uint64_t offset, absl::string_view data);

  // Up to `bytes_max` bytes from `offset`; empty at the end, or where nothing was written yet.
  absl::StatusOr<std::string> Read(const RankLogName& name, uint64_t offset, size_t bytes_max) const;

  // Bytes that are there; 0 where nothing was written yet.
  absl::StatusOr<uint64_t> Size(const RankLogName& name) const;

  // A number that grows with every append to any stream. Waits until it is not `seen`, up to `timeout`.
  uint64_t WaitForAppend(uint64_t seen, absl::Duration timeout) const;

 private:
  std::string PathOf(const RankLogName& name) const;
  absl::StatusOr<Appended> AppendTo(const std::string& path, bool samples, uint64_t offset,
                                    absl::string_view data);

  const std::string folder_;
  const uint64_t bytes_max_;
  // Appends to one file are one after another; files share locks by the hash of their path.
  std::array<std::mutex, 16> file_mutexes_;
  mutable std::mutex mutex_;
  mutable std::condition_variable appended_;
  uint64_t appends_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_RANK_LOGS_H_
