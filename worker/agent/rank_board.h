// Where the agent's two threads meet: the table of ranks behind a mutex, the actions that wait for the
// process thread, and a bell for each of the two.
//
// The process thread (Agent::Run) starts and watches runners; the Synchronizer's thread talks to the
// coordinator. Safe for both.
#ifndef BONSAI_WORKER_AGENT_RANK_BOARD_H_
#define BONSAI_WORKER_AGENT_RANK_BOARD_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "worker/agent/rank_table.h"

namespace bonsai {

class RankBoard {
 public:
  explicit RankBoard(absl::Duration stop_grace);
  ~RankBoard();
  RankBoard(const RankBoard&) = delete;
  RankBoard& operator=(const RankBoard&) = delete;

  // Calls `use(table)` alone and returns what it returns.
  template <typename Use>
  auto With(const Use& use) {
    std::lock_guard<std::mutex> lock(mutex_);
    return use(table_);
  }

  // Lets `change(table)` say actions, which the process thread will do in the order in which they were said.
  void Decide(const std::function<std::vector<RankAction>(RankTable&)>& change);
  // All actions that were said since the last call.
  std::vector<RankAction> TakeActions();
  // Readable while actions wait; TakeActions empties it.
  int action_fd() const { return action_fd_; }

  // The Synchronizer has something to say that should not wait.
  void RingSynchronizer();
  // Waits for the bell, `at_most` this long. Whether it rang.
  bool WaitForBell(absl::Duration at_most);

  // The worker is leaving: every rank is asked to stop, none is started.
  void StartLeaving(absl::Time now);
  bool leaving() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable bell_;
  bool rung_ = false;
  bool leaving_ = false;
  RankTable table_;
  std::vector<RankAction> actions_;
  int action_fd_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_RANK_BOARD_H_
