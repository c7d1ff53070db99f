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

GeneratedText::GeneratedText(const GenerateRequest& request, const edge::Tokenizer& tokenizer, int64_t room)
    : request_(request), tokenizer_(tokenizer), left_(std::min<int64_t>(request.tokens_max, room)) {
  for (const std::string& stop : request.stops) longest_stop_ = std::max(longest_stop_, stop.size());
}

void GeneratedText::Add(int32_t id) {
  --left_;
  if (id == tokenizer_.eos_id()) {
    left_ = 0;
    return;
  }
  // No stop lies within what was settled before: one may begin there, and end behind it.
  const size_t before = streamed_.settled.size();
  tokenizer_.Append(id, &streamed_);
  if (request_.stops.empty()) return;
  text_ = streamed_.text();
  const size_t from = before - std::min(before, longest_stop_ - 1);
  size_t end = std::string::npos;
  for (const std::string& stop : request_.stops) end = std::min(end, text_.find(stop, from));
  if (end == std::string::npos) return;
  text_.resize(end);
  stopped_ = true;
  left_ = 0;
}

absl::StatusOr<std::string> GenerateText(const GenerateRequest& request, const edge::Tokenizer& tokenizer,
                                         int64_t room, const std::function<absl::StatusOr<int32_t>()>& next) {
  GeneratedText text(request, tokenizer, room);
  while (!text.ended()) {
    const absl::StatusOr<int32_t> id = next();
    if (!id.ok()) return id.status();
    text.Add(*id);
  }
  return text.text();
}

bool AddToken(const edge::TokenDistribution& next, int32_t token, Score* score) {
  const double logprob = next.LogProbability(token);
  if (!std::isfinite(logprob)) return false;
  score->loglikelihood += logprob;
  if (!next.IsLikeliest(token)) score->is_greedy = false;
  return true;
}

bool AddToken(std::span<const float> logits, int32_t token, Score* score) {
  return AddToken(edge::TokenDistribution(logits), token, score);
}

}  // namespace bonsai
