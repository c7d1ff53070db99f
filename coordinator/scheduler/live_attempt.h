// The attempt of a job that may still have processes: what is known of each of its ranks, and how it comes to
// an end. It starts when its ranks are placed and ends when every one of them has exited or is known to be
// gone; what ends it (the first failure, a cancel) is its cause. Between the two it is ending: no rank of it
// is desired any more.
//
// Held by AttemptTable; not durable. After a restart of the coordinator it is made again from the attempt's
// record.
#ifndef BONSAI_COORDINATOR_SCHEDULER_LIVE_ATTEMPT_H_
#define BONSAI_COORDINATOR_SCHEDULER_LIVE_ATTEMPT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/worker.pb.h"

namespace bonsai {

struct RankSlot {
  enum State {
    kPlaced,     // its worker was, or will be, told to run it
    kRecovered,  // was placed before the coordinator restarted, and its worker has not spoken of it since
    kReported,   // its worker has spoken of it
    kExited,
    kGone,  // lost with its worker, or never started
  };
  uint32_t rank = 0;
  std::string worker_id;
  std::string device_id;
  State state = kPlaced;
  absl::Time recovered_until;                // kRecovered: lost if not reported by then
  bool done = false;                         // kExited with DONE
  bool to_blame = false;                     // it failed before anything else did, or was lost
  std::string output_id;                     // what it says that it wrote
  std::string refused;                       // why that is no output, if the driver said so
  std::optional<v1::ArtifactRecord> output;  // that, if it was found whole and of the right kind
  v1::Sample sample;                         // of rank 0: the newest of each metric that it reported

  // It may have a process, so it holds its resources.
  bool holds_resources() const { return state == kPlaced || state == kRecovered || state == kReported; }
};

class LiveAttempt {
 public:
  explicit LiveAttempt(const v1::AttemptRecord& record);

  uint32_t number() const { return number_; }
  const std::vector<RankSlot>& slots() const { return slots_; }
  // nullptr if the attempt has no such rank.
  RankSlot* Find(uint32_t rank);
  const RankSlot* Find(uint32_t rank) const;

  bool ending() const { return cause_.has_value(); }
  // Why it ends, for people. Empty unless ending.
  const std::string& reason() const { return reason_; }

  // The rank's process has ended.
  void Exit(RankSlot& slot, v1::RankReport::Exit exit, absl::string_view message);
  // The rank is gone, and not because it was asked to stop.
  void Lose(RankSlot& slot, absl::string_view why);
  // The rank had been asked to stop and is gone.
  void Forget(RankSlot& slot) { slot.state = RankSlot::kGone; }
  // Its ranks are to leave: CANCELLED, PREEMPTED, TIMED_OUT or HUNG.
  void Stop(v1::AttemptRecord::Outcome cause, std::string why);

  // No rank can have a process any more.
  bool over() const;
  // Valid when over. SUCCEEDED only if every rank exited DONE and it was not cancelled.
  v1::AttemptRecord::Outcome outcome() const;
  // Valid when over: where a next attempt had better not run, for what it ended with; see verdict.h.
  std::vector<std::string> WorkersToAvoid() const;

  // What rank 0 last said of how far it is, and when.
  const v1::Progress& progress() const { return progress_; }
  absl::Time progress_time() const { return progress_time_; }
  bool has_progress() const { return progress_time_ != absl::InfinitePast(); }
  void SetProgress(const v1::Progress& progress, absl::Time now) {
    progress_ = progress;
    progress_time_ = now;
  }

 private:
  void End(v1::AttemptRecord::Outcome cause, std::string reason);
  bool done() const;

  uint32_t number_;
  std::vector<RankSlot> slots_;
  std::optional<v1::AttemptRecord::Outcome> cause_;
  std::string reason_;
  v1::Progress progress_;
  absl::Time progress_time_ = absl::InfinitePast();
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_LIVE_ATTEMPT_H_
