// A LanguageModel for tests: the logits are a function of the tokens before them. Slow, plain, and it
// remembers what it was asked.
#ifndef BONSAI_EVALUATOR_FAKE_LANGUAGE_MODEL_H_
#define BONSAI_EVALUATOR_FAKE_LANGUAGE_MODEL_H_

#include <utility>
#include <vector>

#include "evaluator/language_model.h"

namespace bonsai {

class FakeLanguageModel : public LanguageModel {
 public:
  // The logits [vocab_size] after these tokens.
  using Logits = std::function<std::vector<float>(std::span<const int32_t> tokens)>;

  FakeLanguageModel(int32_t vocab_size, int32_t positions_max, Logits logits)
      : vocab_size_(vocab_size), positions_max_(positions_max), logits_(std::move(logits)) {}

  // Every token is as likely as every other.
  static FakeLanguageModel Uniform(int32_t vocab_size, int32_t positions_max);

  int32_t vocab_size() const override { return vocab_size_; }
  int32_t positions_max() const override { return positions_max_; }
  absl::StatusOr<std::vector<Score>> ScoreAll(std::span<const ScoreRequest> requests,
                                              const ScoreProgress& progress) override;
  absl::StatusOr<std::vector<std::string>> GenerateAll(std::span<const GenerateRequest> requests,
                                                       const edge::Tokenizer& tokenizer,
                                                       const ScoreProgress& progress) override;

  const std::vector<ScoreRequest>& asked() const { return asked_; }

 private:
  int32_t vocab_size_;
  int32_t positions_max_;
  Logits logits_;
  std::vector<ScoreRequest> asked_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_FAKE_LANGUAGE_MODEL_H_
