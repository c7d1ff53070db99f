// Which checkpoints of a job to keep, and in which order to try them.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_CHECKPOINT_LIST_H_
#define BONSAI_COORDINATOR_SCHEDULER_CHECKPOINT_LIST_H_

#include <cstdint>

#include "bonsai/v1/config.pb.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/runner.pb.h"

namespace bonsai {

// What is recorded of a checkpoint that an attempt has written: of its metrics the finite ones, at most 16,
// with names of at most 64 bytes.
v1::Checkpoint CheckpointOf(const v1::CheckpointWritten& written, uint32_t attempt);

// Adds a checkpoint to the job's, newest first, and drops those that the policy does not keep
// (checkpoint_retention.h). Newest is by attempt, then by step: an attempt that resumed from an older step
// did so because the newer ones did not verify. Whether it was new, and is kept.
bool AddCheckpoint(const v1::Checkpoint& checkpoint, const v1::StorageConfig& policy, v1::JobRecord& job);

// Whether the job's record has it.
bool HasCheckpoint(const v1::JobRecord& job, const std::string& manifest_id);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_CHECKPOINT_LIST_H_
