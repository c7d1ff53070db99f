// Text to requests, by rules other than lm-evaluation-harness' loglikelihood (that is loglikelihood.h):
// OpenCompass' perplexity of a whole text, LLM-Merging's answer by itself, and generation. Called by suites.
// Pure functions.
#ifndef BONSAI_EVALUATOR_SUITES_PROMPT_REQUEST_H_
#define BONSAI_EVALUATOR_SUITES_PROMPT_REQUEST_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bonsai/v1/suite.pb.h"
#include "edge_runtime/model/tokenizer.h"
#include "evaluator/language_model.h"

namespace bonsai {

// OpenCompass 0.3.1, get_ppl: every token of the text but the first one is scored. A text that is too long
// loses its end. The perplexity is what MeanCrossEntropy makes of the score. InvalidArgument if the text has
// fewer than two tokens, BOS included.
absl::StatusOr<ScoreRequest> WholeTextRequest(const edge::Tokenizer& tokenizer, const std::string& text,
                                              int32_t positions_max);

// -sum ll / number of tokens, the first one counted too, which has no loglikelihood.
double MeanCrossEntropy(const ScoreRequest& request, const Score& score);

// LLM-Merging's kit (NeurIPS 2024): the answer is tokenized by itself, without BOS and with EOS, and
// logits[:-1] are compared with ids[1:] of it, so that its first token is read, but not scored.
// InvalidArgument if the tokenizer has no EOS, or the answer is too long.
absl::StatusOr<ScoreRequest> AnswerAloneRequest(const edge::Tokenizer& tokenizer, const std::string& prompt,
                                                const std::string& answer, int32_t positions_max);

// The prompt with BOS, cut to leave room for tokens_max tokens (for half of what the model reads, if that is
// less). `*cut`, which may be null, is set if it was. InvalidArgument if the prompt has no token.
absl::StatusOr<GenerateRequest> PromptRequest(const edge::Tokenizer& tokenizer, const std::string& prompt,
                                              const v1::Suite& suite, int32_t positions_max, bool* cut);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_PROMPT_REQUEST_H_
