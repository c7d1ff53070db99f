#include "evaluator/fake_language_model.h"

#include <algorithm>

namespace bonsai {

FakeLanguageModel FakeLanguageModel::Uniform(int32_t vocab_size, int32_t positions_max) {
  return FakeLanguageModel(vocab_size, positions_max, [vocab_size](std::span<const int32_t>) {
    return std::vector<float>(vocab_size, 0.0f);
  });
}

absl::StatusOr<std::vector<Score>> FakeLanguageModel::ScoreAll(std::span<const ScoreRequest> requests,
                                                               const ScoreProgress& progress) {
  if (absl::Status status = CheckRequests(requests, vocab_size_, positions_max_); !status.ok()) return status;
  std::vector<Score> scores;
  for (const ScoreRequest& request : requests) {
    asked_.push_back(request);
    Score score{.loglikelihood = 0, .is_greedy = true};
    std::vector<int32_t> tokens = request.context;
    for (int32_t token : request.continuation) {
      if (!AddToken(logits_(tokens), token, &score)) return absl::DataLossError("logits are not finite");
      tokens.push_back(token);
    }
    scores.push_back(score);
    if (absl::Status status = progress(scores.size()); !status.ok()) return status;
  }
  return scores;
}

absl::StatusOr<std::vector<std::string>> FakeLanguageModel::GenerateAll(
    std::span<const GenerateRequest> requests, const edge::Tokenizer& tokenizer,
    const ScoreProgress& progress) {
  if (absl::Status status = CheckRequests(requests, vocab_size_, positions_max_); !status.ok()) return status;
  std::vector<std::string> texts;
  for (const GenerateRequest& request : requests) {
    std::vector<int32_t> tokens = request.context;
    const int64_t room = positions_max_ + 1 - static_cast<int64_t>(tokens.size());
    absl::StatusOr<std::string> text =
        GenerateText(request, tokenizer, room, [&]() -> absl::StatusOr<int32_t> {
          const std::vector<float> logits = logits_(tokens);
          const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
          tokens.push_back(static_cast<int32_t>(best));
          return tokens.back();
        });
    if (!text.ok()) return text.status();
    texts.push_back(*std::move(text));
    if (absl::Status status = progress(texts.size()); !status.ok()) return status;
  }
  return texts;
}

}  // namespace bonsai
