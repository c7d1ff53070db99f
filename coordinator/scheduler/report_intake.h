// Takes in what a worker says of itself and its ranks, and what its silence says.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_REPORT_INTAKE_H_
#define BONSAI_COORDINATOR_SCHEDULER_REPORT_INTAKE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/attempt_clocks.h"
#include "coordinator/scheduler/attempt_table.h"
#include "coordinator/scheduler/job_table.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/scheduler/worker_table.h"

namespace bonsai {

class ReportIntake {
 public:
  using Artifacts = absl::btree_map<std::string, v1::ArtifactRecord>;

  ReportIntake(const SchedulerOptions& options, const Artifacts& published, JobTable& jobs,
               AttemptTable& attempts, WorkerTable& workers, AttemptClocks& clocks)
      : options_(options),
        published_(published),
        jobs_(jobs),
        attempts_(attempts),
        workers_(workers),
        clocks_(clocks) {}

  // Adds the jobs whose attempts may be over to `touched`. Whether the worker is to be told to run nothing,
  // for a newer session has taken its place. A request that is refused (InvalidArgument, ResourceExhausted)
  // changes nothing.
  absl::StatusOr<bool> Take(absl::Time now, const WorkerSynchronized& event,
                            absl::btree_set<std::string>& touched);

  // Leases that are over by now.
  void Expire(absl::Time now, absl::btree_set<std::string>& touched);

 private:
  using RankId = std::pair<absl::string_view, uint32_t>;

  void TakeRank(absl::Time now, const v1::RankReport& report, const WorkerSynchronized& event,
                LiveAttempt& attempt, RankSlot& slot);
  void TakeCheckpoint(absl::Time now, const v1::RankReport& report, const WorkerSynchronized& event);
  void AddStray(const v1::RankReport& report, Worker& worker);
  void TakeAbsent(const Worker& worker, bool new_session, const std::vector<RankId>& present,
                  absl::btree_set<std::string>& touched);
  // The artifact, if it is published or was found whole, and is of that kind.
  const v1::ArtifactRecord* FindArtifact(const std::string& id, absl::string_view kind,
                                         const WorkerSynchronized& event) const;

  const SchedulerOptions& options_;
  const Artifacts& published_;
  JobTable& jobs_;
  AttemptTable& attempts_;
  WorkerTable& workers_;
  AttemptClocks& clocks_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_REPORT_INTAKE_H_
