// The seam between suites and whatever runs the model: batched scoring of continuations, and generation.
// Suites make requests, in any order and number; an implementation may reorder and batch them and share what
// prefixes have in common, but an answer depends on its request alone, bit for bit.
//
// Implementations: EngineLanguageModel (CPU), FakeLanguageModel (tests). One call at a time.
#ifndef BONSAI_EVALUATOR_LANGUAGE_MODEL_H_
#define BONSAI_EVALUATOR_LANGUAGE_MODEL_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "edge_runtime/engine/token_distribution.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai {

// "How likely is `continuation` after `context`?" Neither is empty; the model reads context + continuation
// without the last token, so that may be at most positions_max long.
struct ScoreRequest {
  std::vector<int32_t> context;
  std::vector<int32_t> continuation;
};

struct Score {
  double loglikelihood = 0;  // natural logarithm, summed over the continuation's tokens
  bool is_greedy = false;    // every token of the continuation is the likeliest one (the first of equals)

  friend bool operator==(const Score&, const Score&) = default;
};

// "What comes after `context`?" The text of the likeliest tokens (greedy; the first of equals) ends before
// the first of `stops`, before EOS, after tokens_max tokens, or where the model can read no more. The context
// is not empty and at most positions_max long; no stop is empty; tokens_max > 0.
struct GenerateRequest {
  std::vector<int32_t> context;
  std::vector<std::string> stops;
  int32_t tokens_max = 0;
};

// Told now and then how many requests of the call are done. A status other than OK ends the call with it.
using ScoreProgress = std::function<absl::Status(uint64_t done)>;

class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  virtual int32_t vocab_size() const = 0;
  // Tokens that the model can read at once.
  virtual int32_t positions_max() const = 0;

  // One score per request, in the requests' order. Errors: InvalidArgument (a request that breaks the
  // contract above, an id outside the vocabulary; names the request), DataLoss (the model gives numbers that
  // are not finite), what `progress` returned.
  virtual absl::StatusOr<std::vector<Score>> ScoreAll(std::span<const ScoreRequest> requests,
                                                      const ScoreProgress& progress) = 0;

  // One text per request, in the requests' order: the tokenizer's Decode of the generated ids. Errors as
  // ScoreAll's.
  virtual absl::StatusOr<std::vector<std::string>> GenerateAll(std::span<const GenerateRequest> requests,
                                                               const edge::Tokenizer& tokenizer,
                                                               const ScoreProgress& progress) = 0;
};

// InvalidArgument names the first request that no model of this shape can score.
absl::Status CheckRequests(std::span<const ScoreRequest> requests, int32_t vocab_size, int32_t positions_max);

// InvalidArgument names the first request that breaks GenerateRequest's contract.
absl::Status CheckRequests(std::span<const GenerateRequest> requests, int32_t vocab_size,
                           int32_t positions_max);

// The text that GenerateRequest describes, as its ids come. The request and the tokenizer outlive it.
class GeneratedText {
 public:
  // `room`: how many ids may be generated until the model can read no more.
  GeneratedText(const GenerateRequest& request, const edge::Tokenizer& tokenizer, int64_t room);

  // Whether no id is wanted any more.
  bool ended() const { return left_ <= 0; }
  // Takes the next id; !ended().
  void Add(int32_t id);
  // So far.
  std::string text() const { return stopped_ ? text_ : streamed_.text(); }

 private:
  const GenerateRequest& request_;
  const edge::Tokenizer& tokenizer_;
  int64_t left_;
  size_t longest_stop_ = 0;
  edge::StreamedText streamed_;
  bool stopped_ = false;  // by one of the request's stops
  std::string text_;      // before it
};

// The text that GenerateRequest describes. `next` gives the id after the context and the ids that it gave
// before; its status ends the text. `room`: how many ids may be generated until the model can read no more.
absl::StatusOr<std::string> GenerateText(const GenerateRequest& request, const edge::Tokenizer& tokenizer,
                                         int64_t room, const std::function<absl::StatusOr<int32_t>()>& next);

// Adds to `score` the natural logarithm of the token's probability, and clears is_greedy if another token is
// likelier. Returns false if the result is not finite. 0 <= token < vocabulary.
bool AddToken(const edge::TokenDistribution& next, int32_t token, Score* score);
// The same by the logits of the next token.
bool AddToken(std::span<const float> logits, int32_t token, Score* score);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_LANGUAGE_MODEL_H_
