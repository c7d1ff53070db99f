// One thread's way of asking the engine: a session, and what its cache holds. It walks parts of a
// RequestPlan, whose branches it computes many at a time, and goes on from the tokens that it read last,
// whatever they were. An answer depends on its request alone.
//
// Owned by EngineLanguageModel; one thread at a time.
#ifndef BONSAI_EVALUATOR_ENGINE_LANE_H_
#define BONSAI_EVALUATOR_ENGINE_LANE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "edge_runtime/engine/engine.h"
#include "evaluator/language_model.h"
#include "evaluator/request_plan.h"
#include "evaluator/trie_walk.h"

namespace bonsai {

class EngineLane {
 public:
  // Told which entry is answered; a status other than OK ends the work with it.
  using Answered = std::function<absl::Status(size_t entry)>;

  // The model outlives this. InvalidArgument if the engine cannot run it.
  static absl::StatusOr<EngineLane> Create(const edge::Model& model);

  // Scores the entries [begin, end), all of them scores, into `scores` at the entries' places. DataLoss if
  // the model gives numbers that are not finite.
  absl::Status ScoreEntries(const RequestPlan& plan, size_t begin, size_t end, std::span<Score> scores,
                            const Answered& answered);
  absl::StatusOr<std::string> Generate(const GenerateRequest& request, const edge::Tokenizer& tokenizer);

  // Tokens that the engine computed for this lane.
  uint64_t tokens_computed() const { return tokens_computed_; }

 private:
  EngineLane(const edge::ModelConfig& config, std::unique_ptr<edge::Session> session)
      : vocab_(config.vocab_size), positions_max_(config.max_seq_len), session_(std::move(session)) {}

  // Computes a stretch of a walk, as far as the logits that it asks for have room; returns its end.
  absl::StatusOr<size_t> ComputeStretch(const TrieWalk& walk, size_t begin, size_t lookup);
  // Reads the stretch's logits for all lookups at them, from *lookup on.
  absl::Status Answer(const TrieWalk& walk, size_t* lookup, std::span<Score> scores,
                      const Answered& answered);
  absl::Status Append(std::span<const int32_t> tokens);

  size_t vocab_;
  int32_t positions_max_;
  std::unique_ptr<edge::Session> session_;
  std::vector<int32_t> cached_;  // what the session has computed
  std::vector<size_t> rows_;     // of the stretch, those whose logits are there
  std::vector<float> logits_;
  uint64_t tokens_computed_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ENGINE_LANE_H_
