// The thread that talks to the coordinator: forwards logs, reports the ranks, and takes over what is desired.
// While the coordinator is away it tries again, and the ranks go on: only the coordinator's fence decides
// what they may publish.
//
// Owned by the Agent. Start and Join are called by one thread.
#ifndef BONSAI_WORKER_AGENT_SYNCHRONIZER_H_
#define BONSAI_WORKER_AGENT_SYNCHRONIZER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "bonsai/v1/worker.pb.h"
#include "worker/agent/coordinator_link.h"
#include "worker/agent/log_forwarder.h"
#include "worker/agent/metrics.h"
#include "worker/agent/rank_board.h"

namespace bonsai {

class Synchronizer {
 public:
  // `left` is called on the thread, once, when the worker was leaving, every rank has exited and the
  // coordinator knows it, or could not be told.
  // `offer` is asked for before each call, on the thread.
  Synchronizer(std::string worker_id, std::string session, std::function<v1::WorkerOffer()> offer,
               CoordinatorLink& link, LogForwarder& logs, RankBoard& board, AgentMetrics& metrics,
               std::function<void()> left);
  ~Synchronizer();

  void Start();

 private:
  void Run();
  // Forwards logs; a rank that has ended and whose logs are through is reported as exited. Whether more
  // waits.
  bool ForwardLogs();
  v1::SynchronizeRequest MakeRequest();
  // One call; how long to wait before the next one.
  absl::Duration Synchronize();
  bool MayLeave(absl::Time now);

  const std::string worker_id_;
  const std::string session_;
  const std::function<v1::WorkerOffer()> offer_;
  CoordinatorLink& link_;
  LogForwarder& logs_;
  RankBoard& board_;
  AgentMetrics& metrics_;
  const std::function<void()> left_;

  uint64_t sequence_ = 0;  // of the last request
  int failures_ = 0;       // in a row
  std::string last_failure_;
  bool told_all_exited_ =
      false;            // the coordinator answered a request that said so, and that the worker leaves
  absl::Time reached_;  // when the coordinator last answered
  std::map<RankKey, absl::Time> draining_since_;
  std::thread thread_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_SYNCHRONIZER_H_
