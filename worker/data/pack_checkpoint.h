// A pack job's checkpoint: the shards that are complete, and where the corpora stood at the end of the last
// of them (progress.binpb, a v1.PackProgress). An attempt's own files do not outlive it; a checkpoint's blobs
// do, and the finished artifact names the same ones.
//
// Called by the pack runner, one thread.
#ifndef BONSAI_WORKER_DATA_PACK_CHECKPOINT_H_
#define BONSAI_WORKER_DATA_PACK_CHECKPOINT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/pack.pb.h"
#include "runner/runner.h"
#include "worker/data/pack_plan.h"

namespace bonsai {

struct PackCheckpoint {
  v1::PackProgress progress;
  std::vector<v1::ArtifactFile> shards;  // in their order
};

// Publishes it as the checkpoint whose step is the number of shards.
absl::Status SavePackCheckpoint(RunnerContext& context, const PackCheckpoint& checkpoint);

// The newest checkpoint of the task that can be read, verifies, and is of this plan and these inputs; one
// without shards if there is none. What is wrong with those passed over goes to stderr.
PackCheckpoint LoadPackCheckpoint(RunnerContext& context, const PackPlan& plan);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PACK_CHECKPOINT_H_
