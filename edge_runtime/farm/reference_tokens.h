// What a bundle's model has to say to a prompt: computed here, by the engine that is linked into this
// program, with its scalar kernels, from the bundle's own bytes.
//
// Called by the benchmark runner. A function without state; safe from any thread.
#ifndef BONSAI_EDGE_RUNTIME_FARM_REFERENCE_TOKENS_H_
#define BONSAI_EDGE_RUNTIME_FARM_REFERENCE_TOKENS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace bonsai {

struct ReferenceTokens {
  int64_t prompt_tokens = 0;       // BOS included
  std::vector<int32_t> token_ids;  // greedy
};

// `count` tokens after BOS and the prompt. DataLoss if the bundle is broken (its checksums are checked),
// FailedPrecondition if the model has too few positions or no tokenizer.
absl::StatusOr<ReferenceTokens> ComputeReferenceTokens(const std::string& bundle_path,
                                                       const std::string& prompt, int32_t count);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_REFERENCE_TOKENS_H_
