// The two ways in which BLEU's implementations cut a text into tokens: the rules of NIST's mteval-v14 for any
// language ("intl") and of mteval-v13a, as sacrebleu has them. Called by BLEU's users. Pure functions.
#ifndef BONSAI_EVALUATOR_METRICS_BLEU_TOKENS_H_
#define BONSAI_EVALUATOR_METRICS_BLEU_TOKENS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bonsai {

// Punctuation stands alone unless it has a number on both sides (or a number before it at the text's end);
// symbols always do.
std::vector<std::string> IntlTokens(absl::string_view text);

// Line ends become spaces ("-\n" nothing), four HTML entities characters; ASCII punctuation stands alone, but
// dots and commas between digits and dashes that follow no digit do not.
std::vector<std::string> Tokens13a(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_METRICS_BLEU_TOKENS_H_
