// One thread's way of asking the engine: a session, and what its cache holds. It walks parts of a
// RequestPlan, whose branches it computes many at a time, writes some texts at a time, and goes on from the
// tokens that it read last, whatever they were. An answer depends on its request alone.
//
// Owned by EngineLanguageModel; one thread at a time.
#ifndef BONSAI_EVALUATOR_ENGINE_LANE_H_
#define BONSAI_EVALUATOR_ENGINE_LANE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
  // Generates the texts of the entries that `next` gives, all of them generations, until it gives none, into
  // `texts` at the entries' places: some at a time, whose tokens are computed together.
  absl::Status GenerateEntries(const RequestPlan& plan, const std::function<std::optional<size_t>()>& next,
                               const edge::Tokenizer& tokenizer, std::span<std::string> texts,
                               const Answered& answered);

  // Tokens that the engine computed for this lane.
  uint64_t tokens_computed() const { return tokens_computed_; }

 private:
  // A text that is being generated.
  struct Writer {
    size_t entry;
    GeneratedText text;
    int32_t fresh;           // the id that it was given last and has not read
    edge::Session* session;  // one of writer_sessions_
  };

  EngineLane(const edge::Model& model, std::unique_ptr<edge::Session> session);

  // Computes a stretch of a walk, as far as the logits that it asks for have room; returns its end.
  absl::StatusOr<size_t> ComputeStretch(const TrieWalk& walk, size_t begin, size_t lookup);
  // Reads the stretch's logits for all lookups at them, from *lookup on.
  absl::Status Answer(const TrieWalk& walk, size_t* lookup, std::span<Score> scores,
                      const Answered& answered);
  // Reads a context, for the logits behind it.
  absl::Status Read(std::span<const int32_t> context);
  // Begins a text; *writer is set unless it ends at once.
  absl::Status Begin(size_t entry, const GenerateRequest& request, const edge::Tokenizer& tokenizer,
                     std::string* text, std::optional<Writer>* writer);
  // Each reads its fresh id, and takes the next one.
  absl::Status Step(std::span<Writer> writers);

  const edge::Model* model_;
  size_t vocab_;
  size_t writers_max_;
  std::unique_ptr<edge::Session> session_;
  std::vector<int32_t> cached_;  // what the session has computed
  std::vector<std::unique_ptr<edge::Session>> writer_sessions_;
  std::vector<edge::Session*> idle_;  // of those, that no writer has
  std::vector<size_t> rows_;          // of the stretch, those whose logits are there
  std::vector<float> logits_;
  uint64_t tokens_computed_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ENGINE_LANE_H_
