// kind pack: a corpus of text and a tokenizer become a tokens artifact: packed shards
// (worker/data/packed_shard.h) in which each document is BOS, its ids, EOS, and the tokenizer.model that made
// them.
//
// Run by bonsai-run-pack. Holds one document at a time.
#ifndef BONSAI_WORKER_DATA_PACK_RUNNER_H_
#define BONSAI_WORKER_DATA_PACK_RUNNER_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Errors: InvalidArgument (shard_tokens), FailedPrecondition (a corpus that is not text, or empty; a
// tokenizer that does not load, has no BOS or EOS, or more than 65536 ids), DataLoss (a broken corpus).
absl::Status RunPack(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PACK_RUNNER_H_
