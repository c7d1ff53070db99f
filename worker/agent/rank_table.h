// The ranks of one worker and what becomes of them: PURE. What the coordinator wants and what processes did
// go in; actions (start, stop, kill, forget) and reports come out. The caller does the actions, in order, and
// says what came of them.
//
// Owned by the Agent, which guards it with a mutex. No I/O, no clock: the time is passed in.
#ifndef BONSAI_WORKER_AGENT_RANK_TABLE_H_
#define BONSAI_WORKER_AGENT_RANK_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/runner.pb.h"
#include "bonsai/v1/worker.pb.h"

namespace bonsai {

struct RankKey {
  std::string job_id;
  uint32_t attempt = 0;
  uint32_t rank = 0;

  bool operator<(const RankKey& other) const {
    return std::tie(job_id, attempt, rank) < std::tie(other.job_id, other.attempt, other.rank);
  }
  bool operator==(const RankKey& other) const {
    return std::tie(job_id, attempt, rank) == std::tie(other.job_id, other.attempt, other.rank);
  }
};

// "p1/pretrain attempt 1 rank 0"
std::string ToString(const RankKey& key);
RankKey KeyOf(const v1::Task& task);

struct RankAction {
  enum Kind {
    kStart,   // `task` is set
    kStop,    // SIGTERM
    kKill,    // SIGKILL to all that it started
    kForget,  // remove its folder
  };
  Kind kind;
  RankKey key;
  v1::Task task;
};

// How a runner process ended: by a signal of this number, or with this exit code.
struct ProcessEnd {
  bool by_signal = false;
  int number = 0;
};

class RankTable {
 public:
  // A rank that has not ended so long after it was asked to is killed: its task's grace_seconds, or
  // `stop_grace` where the task does not say.
  explicit RankTable(absl::Duration stop_grace) : stop_grace_(stop_grace) {}

  // What follows from all that this worker should run.
  std::vector<RankAction> ApplyDesired(const std::vector<v1::Task>& desired, absl::Time now);
  // Stops everything; from now on nothing is started.
  std::vector<RankAction> StopAll(absl::Time now);
  // The ranks to kill by now.
  std::vector<RankAction> Tick(absl::Time now);
  // When Tick has something to do next, or InfiniteFuture.
  absl::Time NextDeadline() const;

  // Reports of what happened. A rank that is not in the table is ignored.
  void OnStarted(const RankKey& key);
  // Its inputs are on their way.
  void OnFetching(const RankKey& key, uint64_t done_bytes, uint64_t total_bytes);
  // It never ran, and that is how it is said to have ended.
  void OnStartFailed(const RankKey& key, absl::string_view message, v1::RankReport::Exit exit);
  // What it wrote did not reach the coordinator, and will not.
  void OnUndelivered(const RankKey& key, absl::string_view why);
  void OnEvent(const RankKey& key, const v1::RunnerEvent& event);
  void OnEnded(const RankKey& key, ProcessEnd end);
  // All that it wrote before it ended has reached the coordinator, or never will. Only now is it reported as
  // exited.
  void OnLogsForwarded(const RankKey& key);

  std::vector<v1::RankReport> Reports() const;
  // Ranks to forward logs of, and whether they have ended.
  std::vector<std::pair<RankKey, bool>> Ranks() const;
  // Whether every rank is reported as exited.
  bool AllExited() const;
  // The phase and, once it has exited, the outcome. PHASE_UNSPECIFIED if the rank is unknown.
  v1::RankReport Report(const RankKey& key) const;

 private:
  struct Rank {
    v1::RankReport report;
    bool ended = false;
    bool stopping = false;
    bool killed = false;
    bool publishes = false;  // rank 0 must have reported an output when it is done
    absl::Duration grace;
    absl::Time stop_time;
    std::string failure;      // of its last Failure event
    std::string undelivered;  // why its output did not reach the coordinator
  };

  Rank* Find(const RankKey& key);
  void Stop(const RankKey& key, Rank& rank, absl::Time now, std::vector<RankAction>& actions);

  absl::Duration stop_grace_;
  bool leaving_ = false;
  std::map<RankKey, Rank> ranks_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_RANK_TABLE_H_
