// Which actions of the Scheduler are records to keep, and how they come into a batch. Every driver of a
// Scheduler (the loop in coordinator/rpc, the simulation) goes through it, so that none forgets one.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_STORE_RECORD_ACTIONS_H_
#define BONSAI_COORDINATOR_STORE_RECORD_ACTIONS_H_

#include "coordinator/scheduler/scheduler.h"
#include "coordinator/store/record_store.h"

namespace bonsai {

// Moves the record of a Put, Append or Drop into the batch, behind what the batch holds. False, and both
// unchanged, if the action is a reply.
bool TakeRecord(Action& action, RecordBatch& batch);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STORE_RECORD_ACTIONS_H_
