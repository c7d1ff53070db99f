// Logs and samples of ranks, from their files to the coordinator: each stream is read on from the offset that
// the coordinator last acknowledged, so nothing is lost or doubled when it was away.
//
// Used by the Synchronizer, on its thread. Not thread-safe.
#ifndef BONSAI_WORKER_AGENT_LOG_FORWARDER_H_
#define BONSAI_WORKER_AGENT_LOG_FORWARDER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bonsai/v1/worker.pb.h"
#include "worker/agent/rank_table.h"

namespace bonsai {

// The most bytes in one message, and the most messages for one stream in one call of Forward.
inline constexpr size_t kLogChunkBytes = 256 << 10;
inline constexpr int kLogChunksPerCall = 4;
// What a stream has beyond this stays on the worker and goes with the rank.
inline constexpr uint64_t kLogStreamBytesMax = 256 << 20;

class LogForwarder {
 public:
  // Sends one piece; returns how many bytes the coordinator has now.
  using Append = std::function<absl::StatusOr<uint64_t>(const v1::AppendLogRequest&)>;

  LogForwarder(std::string work_dir, Append append)
      : work_dir_(std::move(work_dir)), append_(std::move(append)) {}

  // Sends what the rank's files hold beyond what was acknowledged. True if nothing is left: all of it
  // arrived, or the coordinator will not take it. The error of Append if another try may help.
  absl::StatusOr<bool> Forward(const RankKey& key);

  // Drops what is known of a rank.
  void Forget(const RankKey& key);

  uint64_t bytes_forwarded() const { return bytes_forwarded_; }

 private:
  struct Tail {
    uint64_t offset = 0;
    bool refused = false;
  };
  using StreamKey = std::pair<RankKey, v1::AppendLogRequest::Stream>;

  absl::StatusOr<bool> ForwardStream(const StreamKey& key, const std::string& path);

  const std::string work_dir_;
  const Append append_;
  std::map<StreamKey, Tail> tails_;
  uint64_t bytes_forwarded_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_LOG_FORWARDER_H_
