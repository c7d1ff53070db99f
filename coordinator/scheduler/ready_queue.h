// Says, for people, why a READY job does not start.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_READY_QUEUE_H_
#define BONSAI_COORDINATOR_SCHEDULER_READY_QUEUE_H_

#include <string>
#include <vector>

#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/placement.h"

namespace bonsai {

// The room of the workers that may start something: free now, and when they run nothing. By worker id, the
// same workers in both.
struct Rooms {
  std::vector<Room> free;
  std::vector<Room> whole;
};

// Why a READY job does not start, for people.
std::string ExplainNoStart(const v1::JobSpec& spec, const Rooms& rooms, size_t workers_leaving);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_READY_QUEUE_H_
