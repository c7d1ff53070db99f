// The live attempts, by job and by worker.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_ATTEMPT_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_ATTEMPT_TABLE_H_

#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/node_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/live_attempt.h"

namespace bonsai {

class AttemptTable {
 public:
  struct RankOnWorker {
    std::string job_id;
    uint32_t rank = 0;
    LiveAttempt* attempt = nullptr;
    RankSlot* slot = nullptr;
  };
  // Of one worker, by job id and rank; as long as none of these attempts is removed.
  using Ranks = std::vector<RankOnWorker>;

  LiveAttempt& Add(const std::string& job_id, const v1::AttemptRecord& record);
  // An attempt that was live when the coordinator ended: its workers have until `until` to speak of it.
  void AddRecovered(const std::string& job_id, const v1::AttemptRecord& record, absl::Time until);
  void Remove(const std::string& job_id);

  // nullptr if the job has no live attempt.
  LiveAttempt* Find(const std::string& job_id);
  const LiveAttempt* Find(const std::string& job_id) const;

  const Ranks& OnWorker(const std::string& worker_id) const;
  // Where the rank is among `ranks`, or ranks.size(). `guess` is looked at first: who asks for them in their
  // order, beginning with 0, gives one more than the last answer.
  static size_t IndexOf(const Ranks& ranks, absl::string_view job_id, uint32_t rank, size_t guess);

  // A rank of the job that was recovered has been reported.
  void NoteReported(const std::string& job_id);
  // Loses every rank that was to be reported by now; their jobs.
  std::vector<std::string> LoseUnreported(absl::Time now);
  // When the next of them is due; InfiniteFuture if there is none.
  absl::Time NextRecoveryDeadline() const;

 private:
  // Looked up, never walked over: their order is not the same in every run.
  absl::node_hash_map<std::string, LiveAttempt> attempts_;
  absl::node_hash_map<std::string, Ranks> by_worker_;
  absl::btree_set<std::string> recovered_;  // jobs that have kRecovered ranks
  absl::Time recovered_until_;              // the first of their deadlines
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_ATTEMPT_TABLE_H_
