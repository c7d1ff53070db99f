// Which checkpoints of a job stay: the policy of v1.StorageConfig.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_CHECKPOINT_RETENTION_H_
#define BONSAI_COORDINATOR_SCHEDULER_CHECKPOINT_RETENTION_H_

#include "bonsai/v1/config.pb.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

// Those that are kept only because their step is a multiple of checkpoints_every: the newest so many.
inline constexpr int kSpacedCheckpointsMax = 1000;

// Keeps the latest k; the best k by a metric (of equal ones the newer; one without the metric is none of the
// best); for each multiple of n, the newest of that step. Whatever the policy says, the newest stays, and
// while an attempt runs, the newest that it may resume from. The job's list is newest first.
void RetainCheckpoints(const v1::StorageConfig& policy, v1::JobRecord& job);

// How many checkpoints of a job that has ended stay, of the newest: if it is done, none, for its artifact is
// what it was for, unless it is a variant of a sweep, which a later rung may go on from: then all. Else one,
// so that a retry goes on from there.
int EndedCheckpointsKept(const v1::JobRecord& job);
// Keeps just these.
void RetainEndedCheckpoints(v1::JobRecord& job);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_CHECKPOINT_RETENTION_H_
