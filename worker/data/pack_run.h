// The packing itself: documents of all parts by turns, encoded by threads, written as shards in one order.
// The shards are the same bytes for any number of threads, and whether or not the job went on from a
// checkpoint.
//
// Called by the pack runner, one thread.
#ifndef BONSAI_WORKER_DATA_PACK_RUN_H_
#define BONSAI_WORKER_DATA_PACK_RUN_H_

#include <vector>

#include "absl/status/statusor.h"
#include "runner/runner.h"
#include "worker/data/length_distribution.h"
#include "worker/data/pack_plan.h"

namespace bonsai {

struct PackResult {
  struct Part {
    uint64_t documents = 0;  // repeated ones counted again
    uint64_t tokens = 0;
    uint64_t bytes = 0;  // of text
  };
  std::vector<Part> parts;               // as the plan's
  std::vector<v1::ArtifactFile> shards;  // stored
  LengthDistribution document_tokens;    // BOS and EOS counted
};

// Goes on from the task's newest checkpoint, and leaves one every plan.checkpoint_every_shards. When asked to
// stop: Cancelled, behind a checkpoint of the shards that are complete. Other errors: as EncodedDocuments, as
// PackedShardWriter, as BlobStore.
absl::StatusOr<PackResult> PackDocuments(RunnerContext& context, const PackPlan& plan);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PACK_RUN_H_
