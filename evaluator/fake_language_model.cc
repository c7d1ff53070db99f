#include "evaluator/fake_language_model.h"

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

}  // namespace bonsai
