#include "evaluator/language_model.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

absl::Status BadRequest(absl::string_view kind, size_t index, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(kind, " request ", index, ": ", what));
}

// What is wrong with the ids; empty if nothing is.
std::string WrongId(std::span<const int32_t> ids, int32_t vocab_size) {
  for (int32_t id : ids) {
    if (id < 0 || id >= vocab_size) {
      return absl::StrCat("token id ", id, " is not in a vocabulary of ", vocab_size);
    }
  }
  return "";
}

}  // namespace

absl::Status CheckRequests(std::span<const ScoreRequest> requests, int32_t vocab_size,
                           int32_t positions_max) {
  for (size_t i = 0; i < requests.size(); ++i) {
    const ScoreRequest& request = requests[i];
    if (request.context.empty()) return BadRequest("score", i, "the context is empty");
    if (request.continuation.empty()) return BadRequest("score", i, "the continuation is empty");
    const size_t read = request.context.size() + request.continuation.size() - 1;
    if (read > static_cast<size_t>(positions_max)) {
      return BadRequest("score", i,
                        absl::StrCat(read, " tokens to read; the model reads at most ", positions_max));
    }
    for (const std::vector<int32_t>* ids : {&request.context, &request.continuation}) {
      if (const std::string wrong = WrongId(*ids, vocab_size); !wrong.empty()) {
        return BadRequest("score", i, wrong);
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRequests(std::span<const GenerateRequest> requests, int32_t vocab_size,
                           int32_t positions_max) {
  for (size_t i = 0; i < requests.size(); ++i) {
    const GenerateRequest& request = requests[i];
    if (request.context.empty()) return BadRequest("generate", i, "the context is empty");
    if (request.context.size() > static_cast<size_t>(positions_max)) {
      return BadRequest("generate", i,
                        absl::StrCat("a context of ", request.context.size(),
                                     " tokens; the model reads at most ", positions_max));
    }
    if (request.tokens_max <= 0) return BadRequest("generate", i, "no token may be generated");
    for (const std::string& stop : request.stops) {
      if (stop.empty()) return BadRequest("generate", i, "an empty stop");
    }
    if (const std::string wrong = WrongId(request.context, vocab_size); !wrong.empty()) {
      return BadRequest("generate", i, wrong);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> GenerateText(const GenerateRequest& request, const edge::Tokenizer& tokenizer,
                                         int64_t room, const std::function<absl::StatusOr<int32_t>()>& next) {
  std::vector<int32_t> ids;
  std::string text;
  for (int64_t left = std::min<int64_t>(request.tokens_max, room); left > 0; --left) {
    const absl::StatusOr<int32_t> id = next();
    if (!id.ok()) return id.status();
    if (*id == tokenizer.eos_id()) break;
    ids.push_back(*id);
    text = tokenizer.Decode(ids);
    size_t end = std::string::npos;
    for (const std::string& stop : request.stops) end = std::min(end, text.find(stop));
    if (end != std::string::npos) return text.substr(0, end);
  }
  return text;
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
