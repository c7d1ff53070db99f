// A Scheduler in virtual time, with workers that are played: whatever it starts runs for as long as `work`
// says, leaves when it is asked to, and is then reported as a real worker would. For forecasts and what-if
// simulations: the decisions are those of the production code.
//
// Single-threaded; pure: the same calls give the same run.
#ifndef BONSAI_COORDINATOR_SCHEDULER_VIRTUAL_CLUSTER_H_
#define BONSAI_COORDINATOR_SCHEDULER_VIRTUAL_CLUSTER_H_

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/scheduler.h"

namespace bonsai {

// A lease that no run outlives: the workers of a VirtualCluster do not synchronise to stay alive. Its
// scheduler's options must have it.
inline constexpr absl::Duration kEndlessLease = absl::Hours(24 * 365 * 1000);

// What the attempts of a VirtualCluster do.
class VirtualWork {
 public:
  virtual ~VirtualWork() = default;

  // The job's last attempt starts. How long it runs if it is left alone; InfiniteDuration: for ever.
  virtual absl::Duration Start(const v1::JobRecord& job, absl::Time now) = 0;
  // It was asked to leave after it ran for so long. How long that takes.
  virtual absl::Duration Leave(const v1::JobRecord& job, absl::Duration ran) = 0;
  // The record as it is now; called for every record that changes.
  virtual void Observe(const v1::JobRecord& job, absl::Time now) = 0;
};

class VirtualCluster {
 public:
  struct Worker {
    std::string id;
    v1::WorkerOffer offer;
    bool leaving = false;
    std::vector<v1::RankReport> ranks;  // that it runs already
  };

  // `work` must outlive this.
  VirtualCluster(std::unique_ptr<Scheduler> scheduler, VirtualWork& work, absl::Time now);

  // An attempt that runs already: its job's record, of which the ranks come with the workers that are added.
  void Adopt(const v1::JobRecord& job);
  void AddWorker(const Worker& worker);
  // Returns the actions; the records in them have been observed.
  std::vector<Action> Apply(const Event& event);

  // Goes to the next instant at which something happens, at most to `until`, and lets it happen. False if
  // nothing happens by then; the time is `until` then.
  bool Step(absl::Time until);
  // After anything but a tick, and while jobs are pending, the scheduler looks for something to do every
  // `tick`, for so long: what it does because time passes. Never, by default.
  void SetTick(absl::Duration tick, absl::Duration lasting) {
    tick_ = tick;
    lasting_ = lasting;
  }

  absl::Time now() const { return now_; }
  const Scheduler& scheduler() const { return *scheduler_; }
  size_t running() const { return attempts_.size(); }
  size_t pending() const { return pending_.size(); }

 private:
  struct Attempt {
    v1::JobRecord job;
    absl::Time started;
    absl::Time ends = absl::InfiniteFuture();
    bool leaving = false;
  };
  struct WorkerState {
    v1::SynchronizeRequest request;                                     // without ranks
    absl::btree_map<std::pair<std::string, uint32_t>, uint32_t> ranks;  // job and rank, to the attempt
  };

  void Observe(const std::vector<Action>& actions);
  void ObserveJob(const v1::JobRecord& job);
  void StartAttempt(const v1::JobRecord& job);
  void ForgetAttempt(const std::string& job_id);
  void AskedToLeave(const v1::JobRecord& job);
  // The attempt's processes are gone, done or preempted.
  void End(const std::string& job_id);
  absl::Time NextTick() const;

  const std::unique_ptr<Scheduler> scheduler_;
  VirtualWork& work_;
  absl::Time now_;
  absl::Duration tick_;
  absl::Duration lasting_;
  absl::Time last_look_;   // at anything
  absl::Time last_event_;  // that was no tick
  uint64_t outputs_ = 0;
  absl::btree_map<std::string, WorkerState> workers_;
  absl::btree_map<std::string, Attempt> attempts_;            // by job
  absl::btree_set<std::pair<absl::Time, std::string>> ends_;  // of attempts that end
  absl::btree_set<std::string> pending_;                      // READY jobs
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_VIRTUAL_CLUSTER_H_
