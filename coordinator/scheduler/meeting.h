// Where the ranks of a gang meet that share no folder: at the worker of rank 0, which offers an address for
// it.
//
// Pure.
#ifndef BONSAI_COORDINATOR_SCHEDULER_MEETING_H_
#define BONSAI_COORDINATOR_SCHEDULER_MEETING_H_

#include <vector>

#include "bonsai/v1/runner.pb.h"
#include "coordinator/scheduler/attempt_table.h"
#include "coordinator/scheduler/worker_table.h"

namespace bonsai {

// Stands for an address that rank 0's worker does not offer: the agent refuses the task with the reason.
inline constexpr char kNoMeetingPlace[] = "none";

// Sets the rendezvous_address of the tasks whose attempt's ranks are on several workers, one of which does
// not share the coordinator's storage.
void SetMeetingPlaces(const AttemptTable& attempts, const WorkerTable& workers, std::vector<v1::Task>& tasks);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_MEETING_H_
