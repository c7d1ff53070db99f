// A LanguageModel on the inference engine. Requests are put into a RequestPlan, whose parts are walked by as
// many lanes as there are threads (engine_lane.h). The engine's results do not depend on how sequences are
// cut and put together, so neither sharing, order, batches nor the number of threads changes an answer.
//
// One call at a time; it uses `threads` threads, each with a session of its own. What a lane has computed
// stays there for the next call, so that batches of one plan share prefixes too.
#ifndef BONSAI_EVALUATOR_ENGINE_LANGUAGE_MODEL_H_
#define BONSAI_EVALUATOR_ENGINE_LANGUAGE_MODEL_H_

#include <functional>
#include <memory>
#include <vector>

#include "edge_runtime/engine/engine.h"
#include "evaluator/engine_lane.h"
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
  // Does piece `piece` of the work on a lane.
  using Piece = std::function<absl::Status(size_t piece, EngineLane& lane, const EngineLane::Answered&)>;

  EngineLanguageModel(const edge::Model& model, std::vector<EngineLane> lanes)
      : model_(model), lanes_(std::move(lanes)) {}

  // Does all pieces, each on the lane that is free first; counts the requests that are answered for
  // `progress`. The first error ends it.
  absl::Status RunPieces(const RequestPlan& plan, size_t pieces, const Piece& piece,
                         const ScoreProgress& progress);

  const edge::Model& model_;
  std::vector<EngineLane> lanes_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ENGINE_LANGUAGE_MODEL_H_
