// kind pack: a corpus of text, or several by turns (worker/data/mixture.h), and a tokenizer become a tokens
// artifact: packed shards (worker/data/packed_shard.h) in which each document is BOS, its ids, EOS, the
// tokenizer's file that made them, and a report.json. resources.cpus threads encode; the bytes do not depend
// on their number.
//
// Run by bonsai-run-pack. Holds a bounded number of blocks of documents.
#ifndef BONSAI_WORKER_DATA_PACK_RUNNER_H_
#define BONSAI_WORKER_DATA_PACK_RUNNER_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Errors: InvalidArgument (shard_tokens, a weight), FailedPrecondition (a corpus that is not text, or empty;
// a tokenizer that does not load, has no BOS or EOS, or more than 65536 ids), DataLoss (a broken corpus),
// Cancelled (asked to stop; the shards that were complete are in a checkpoint).
absl::Status RunPack(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PACK_RUNNER_H_
