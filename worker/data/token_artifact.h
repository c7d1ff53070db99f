// The shards of a "tokens" artifact, opened. Called by trainers.
#ifndef BONSAI_WORKER_DATA_TOKEN_ARTIFACT_H_
#define BONSAI_WORKER_DATA_TOKEN_ARTIFACT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "runner/runner.h"
#include "worker/data/packed_shard.h"

namespace bonsai {

// Verifies and maps all shards of the artifact; the vocabulary's size is the artifact's property
// "vocab_size". Errors: FailedPrecondition (another kind of artifact, no shards, a missing property, a
// property "tokens" that is not the number of tokens); otherwise as RunnerContext::InputPath and
// PackedTokens::Open.
absl::StatusOr<std::unique_ptr<PackedTokens>> OpenTokenArtifact(RunnerContext& context,
                                                                const InputArtifact& input);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_TOKEN_ARTIFACT_H_
