#include "evaluator/language_model.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

absl::Status BadRequest(size_t index, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("score request ", index, ": ", what));
}

}  // namespace

absl::Status CheckRequests(std::span<const ScoreRequest> requests, int32_t vocab_size,
                           int32_t positions_max) {
  for (size_t i = 0; i < requests.size(); ++i) {
    const ScoreRequest& request = requests[i];
    if (request.context.empty()) return BadRequest(i, "the context is empty");
    if (request.continuation.empty()) return BadRequest(i, "the continuation is empty");
    const size_t read = request.context.size() + request.continuation.size() - 1;
    if (read > static_cast<size_t>(positions_max)) {
      return BadRequest(i, absl::StrCat(read, " tokens to read; the model reads at most ", positions_max));
    }
    for (const std::vector<int32_t>* ids : {&request.context, &request.continuation}) {
      for (int32_t id : *ids) {
        if (id < 0 || id >= vocab_size) {
          return BadRequest(i, absl::StrCat("token id ", id, " is not in a vocabulary of ", vocab_size));
        }
      }
    }
  }
  return absl::OkStatus();
}

bool AddToken(std::span<const float> logits, int32_t token, Score* score) {
  size_t best = 0;
  for (size_t i = 1; i < logits.size(); ++i) {
    if (logits[i] > logits[best]) best = i;
  }
  const float largest = logits[best];
  double sum = 0;
  for (float logit : logits) sum += std::exp(logit - largest);
  const double logprob = static_cast<double>(logits[token]) - largest - std::log(sum);
  if (!std::isfinite(logprob)) return false;
  score->loglikelihood += logprob;
  if (best != static_cast<size_t>(token)) score->is_greedy = false;
  return true;
}

}  // namespace bonsai
