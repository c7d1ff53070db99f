#include "evaluator/suites/prompt_request.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

std::vector<int32_t> Ids(const edge::Tokenizer& tokenizer, const std::string& text) {
  std::vector<int32_t> ids = tokenizer.Encode(text);
  if (tokenizer.bos_id() >= 0) ids.insert(ids.begin(), tokenizer.bos_id());
  return ids;
}

void CutToFit(std::vector<int32_t>& ids, size_t room, v1::Suite::Truncation truncation) {
  if (ids.size() <= room) return;
  // LongBench keeps as much of the end as of the beginning.
  const size_t kept = truncation == v1::Suite::MIDDLE ? room / 2 : 0;
  const size_t tail = truncation == v1::Suite::MIDDLE ? room / 2 : room;
  ids.erase(ids.begin() + kept, ids.end() - tail);
}

}  // namespace

absl::StatusOr<ScoreRequest> WholeTextRequest(const edge::Tokenizer& tokenizer, const std::string& text,
                                              int32_t positions_max) {
  std::vector<int32_t> ids = Ids(tokenizer, text);
  if (ids.size() < 2) return absl::InvalidArgumentError("a text of fewer than two tokens has no perplexity");
  // The model reads what stands before the last token.
  ids.resize(std::min(ids.size(), static_cast<size_t>(positions_max)));
  if (ids.size() < 2) return absl::InvalidArgumentError("the model reads too little for a perplexity");
  return ScoreRequest{.context = {ids[0]}, .continuation = {ids.begin() + 1, ids.end()}};
}

double MeanCrossEntropy(const ScoreRequest& request, const Score& score) {
  return -score.loglikelihood / static_cast<double>(request.context.size() + request.continuation.size());
}

absl::StatusOr<ScoreRequest> AnswerAloneRequest(const edge::Tokenizer& tokenizer, const std::string& prompt,
                                                const std::string& answer, int32_t positions_max) {
  if (tokenizer.eos_id() < 0)
    return absl::InvalidArgumentError("the tokenizer has no EOS, which ends an answer");
  std::vector<int32_t> ids = tokenizer.Encode(answer);
  ids.push_back(tokenizer.eos_id());
  ScoreRequest request;
  request.context = Ids(tokenizer, prompt);
  request.context.push_back(ids[0]);
  request.continuation.assign(ids.begin() + 1, ids.end());
  if (request.continuation.empty()) return absl::InvalidArgumentError("an answer without a token");
  const int64_t room = int64_t{positions_max} + 1 - static_cast<int64_t>(request.continuation.size());
  if (room < 1) {
    return absl::InvalidArgumentError(absl::StrCat("an answer of ", request.continuation.size(),
                                                   " tokens; the model reads at most ", positions_max));
  }
  CutToFit(request.context, room, v1::Suite::LEFT);
  return request;
}

absl::StatusOr<GenerateRequest> PromptRequest(const edge::Tokenizer& tokenizer, const std::string& prompt,
                                              const v1::Suite& suite, int32_t positions_max, bool* cut) {
  GenerateRequest request{.context = Ids(tokenizer, prompt),
                          .stops = {suite.stops().begin(), suite.stops().end()},
                          .tokens_max = static_cast<int32_t>(suite.tokens_max())};
  if (request.context.empty()) return absl::InvalidArgumentError("a prompt without a token");
  const int32_t room = std::max({positions_max - request.tokens_max, positions_max / 2, 1});
  if (cut != nullptr) *cut = request.context.size() > static_cast<size_t>(room);
  CutToFit(request.context, room, suite.truncation());
  if (request.context.empty()) return absl::InvalidArgumentError("the model reads too little for a prompt");
  return request;
}

}  // namespace bonsai
