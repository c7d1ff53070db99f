#include "evaluator/loglikelihood.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

std::vector<int32_t> Ids(const edge::Tokenizer& tokenizer, const std::string& text) {
  std::vector<int32_t> ids = tokenizer.Encode(text);
  if (tokenizer.bos_id() >= 0) ids.insert(ids.begin(), tokenizer.bos_id());
  return ids;
}

}  // namespace

absl::StatusOr<int32_t> PrefixToken(const edge::Tokenizer& tokenizer) {
  if (tokenizer.bos_id() >= 0) return tokenizer.bos_id();
  if (tokenizer.eos_id() >= 0) return tokenizer.eos_id();
  return absl::InvalidArgumentError("the tokenizer has neither BOS nor EOS: nothing can stand before a text");
}

absl::StatusOr<ScoreRequest> ContinuationRequest(const edge::Tokenizer& tokenizer, absl::string_view context,
                                                 absl::string_view continuation, int32_t positions_max) {
  const size_t spaces = TrailingSpaceBytes(context);
  const std::string kept(context.substr(0, context.size() - spaces));
  const std::string scored = absl::StrCat(context.substr(context.size() - spaces), continuation);

  ScoreRequest request;
  if (context.empty()) {
    absl::StatusOr<int32_t> prefix = PrefixToken(tokenizer);
    if (!prefix.ok()) return prefix.status();
    request.context = {*prefix};
    request.continuation = tokenizer.Encode(scored);
  } else {
    request.context = Ids(tokenizer, kept);
    const std::vector<int32_t> whole = Ids(tokenizer, kept + scored);
    if (whole.size() > request.context.size()) {
      request.continuation.assign(whole.begin() + request.context.size(), whole.end());
    }
  }
  if (request.continuation.empty() || request.context.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the tokenizer leaves no token to score for \"", continuation, "\" after its context"));
  }
  const size_t positions = positions_max;
  if (request.continuation.size() > positions) {
    return absl::InvalidArgumentError(absl::StrCat("a continuation of ", request.continuation.size(),
                                                   " tokens; the model reads at most ", positions_max));
  }
  const size_t context_max = positions + 1 - request.continuation.size();
  if (request.context.size() > context_max) {
    request.context.erase(request.context.begin(), request.context.end() - context_max);
  }
  return request;
}

std::vector<ScoreRequest> RollingRequests(std::span<const int32_t> tokens, int32_t prefix_token,
                                          int32_t positions_max) {
  std::vector<ScoreRequest> requests;
  const size_t window = positions_max;
  for (size_t begin = 0; begin < tokens.size(); begin += window) {
    const size_t end = std::min(begin + window, tokens.size());
    ScoreRequest request;
    if (begin == 0) {
      request.context = {prefix_token};
    } else {
      // The model reads tokens [end - 1 - window, end - 1).
      request.context.assign(tokens.begin() + (end - 1 - window), tokens.begin() + begin);
    }
    request.continuation.assign(tokens.begin() + begin, tokens.begin() + end);
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace bonsai
