// The workers as a whole: what they offer, what of it is free, and that for people.
//
// Pure functions over the Scheduler's tables.
#ifndef BONSAI_COORDINATOR_SCHEDULER_CLUSTER_VIEW_H_
#define BONSAI_COORDINATOR_SCHEDULER_CLUSTER_VIEW_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/scheduler/attempt_table.h"
#include "coordinator/scheduler/cordon_table.h"
#include "coordinator/scheduler/job_table.h"
#include "coordinator/scheduler/ready_queue.h"
#include "coordinator/scheduler/worker_table.h"

namespace bonsai {

class ClusterView {
 public:
  ClusterView(const JobTable& jobs, const AttemptTable& attempts, const WorkerTable& workers,
              const CordonTable& cordons)
      : jobs_(jobs), attempts_(attempts), workers_(workers), cordons_(cordons) {}

  // Whether anything may start there: it is live, not leaving and not cordoned.
  bool MayStart(const Worker& worker) const;
  // What it offers without what its processes hold.
  Room FreeRoom(const Worker& worker) const;
  // Of the workers that may start something: live, not leaving and not cordoned.
  Rooms FindRooms() const;

  std::vector<v1::WorkerStatus> ListWorkers() const;

  // Why the job does not run; empty if it does, or has ended, or is not known.
  std::string ExplainPending(absl::string_view job_id) const;
  // Why such a job would not start now.
  std::string ExplainSpec(const v1::JobSpec& spec) const;

 private:
  struct Held {
    std::string job_id;
    std::string name;  // "p1/pretrain attempt 1 rank 0"
    RankNeed need;
    std::string device_id;
  };

  // The processes that the worker may have.
  std::vector<Held> HeldOn(const Worker& worker) const;
  std::string ExplainStopping(const v1::JobRecord& job) const;

  const JobTable& jobs_;
  const AttemptTable& attempts_;
  const WorkerTable& workers_;
  const CordonTable& cordons_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_CLUSTER_VIEW_H_
