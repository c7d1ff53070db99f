// A LanguageModel on the inference engine. Requests are sorted so that those with a prefix in common follow
// each other; the key-value cache then keeps the prefix and only the rest is computed. The engine's results
// do not depend on how a sequence is cut, so neither sharing, order nor the number of threads changes a
// score.
//
// One ScoreAll at a time; it uses `threads` threads, each with a session of its own.
#ifndef BONSAI_EVALUATOR_ENGINE_LANGUAGE_MODEL_H_
#define BONSAI_EVALUATOR_ENGINE_LANGUAGE_MODEL_H_

#include <memory>
#include <vector>

#include "edge_runtime/engine/engine.h"
#include "evaluator/language_model.h"

namespace bonsai {

class EngineLanguageModel : public LanguageModel {
 public:
  // The model outlives this. InvalidArgument if the engine cannot run it; threads >= 1.
  static absl::StatusOr<std::unique_ptr<EngineLanguageModel>> Create(const edge::Model& model, int threads);

  int32_t vocab_size() const override;
  int32_t positions_max() const override;
  absl::StatusOr<std::vector<Score>> ScoreAll(std::span<const ScoreRequest> requests,
                                              const ScoreProgress& progress) override;
  absl::StatusOr<std::vector<std::string>> GenerateAll(std::span<const GenerateRequest> requests,
                                                       const edge::Tokenizer& tokenizer,
                                                       const ScoreProgress& progress) override;

  // Tokens that the engine computed since this was made: less than the requests' own where prefixes were
  // shared.
  uint64_t tokens_computed() const;

 private:
  // A session, and what its cache holds.
  struct Lane {
    std::unique_ptr<edge::Session> session;
    std::vector<int32_t> cached;
    std::vector<float> logits;
    uint64_t tokens_computed = 0;
  };
  struct Batch;

  EngineLanguageModel(const edge::Model& model, std::vector<Lane> lanes)
      : model_(model), lanes_(std::move(lanes)) {}

  absl::Status Compute(std::span<const int32_t> tokens, std::span<float> logits, Lane& lane);
  absl::StatusOr<std::string> GenerateOne(const GenerateRequest& request, const edge::Tokenizer& tokenizer,
                                          Lane& lane);
  absl::Status ScoreOne(const ScoreRequest& request, Lane& lane, Score* score);
  void RunLane(Batch& batch, Lane& lane);

  const edge::Model& model_;
  std::vector<Lane> lanes_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ENGINE_LANGUAGE_MODEL_H_
