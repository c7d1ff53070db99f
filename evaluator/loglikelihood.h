// Text to score requests, by the rules of lm-evaluation-harness 0.4 ("lmeval"): the same tokens are scored as
// there, and the same are dropped where a prompt is too long. Called by suites. Pure functions.
#ifndef BONSAI_EVALUATOR_LOGLIKELIHOOD_H_
#define BONSAI_EVALUATOR_LOGLIKELIHOOD_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "edge_runtime/model/tokenizer.h"
#include "evaluator/language_model.h"

namespace bonsai {

// The id that stands where there is nothing before a text: BOS, or EOS where a tokenizer has no BOS.
// InvalidArgument if it has neither.
absl::StatusOr<int32_t> PrefixToken(const edge::Tokenizer& tokenizer);

// The request for `continuation` after `context`. White space at the context's end is moved to the
// continuation's start; then ids(context) is the context, and what ids(context + continuation) has beyond
// that many ids is the continuation. A non-empty context begins with BOS if the tokenizer has one
// (add_bos_token, as transformers' Llama tokenizer does); an empty one is the prefix token. Tokens are
// dropped from the left until the model can read the rest. InvalidArgument if no token is left for the
// continuation, or it alone is too long.
absl::StatusOr<ScoreRequest> ContinuationRequest(const edge::Tokenizer& tokenizer, absl::string_view context,
                                                 absl::string_view continuation, int32_t positions_max);

// The requests that score every id of `tokens` once: disjoint windows of `positions_max` ids. The first
// window's context is the prefix token, each other's the one id before it; the last window, which may be
// shorter, reads as far back as the model can.
std::vector<ScoreRequest> RollingRequests(std::span<const int32_t> tokens, int32_t prefix_token,
                                          int32_t positions_max);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_LOGLIKELIHOOD_H_
