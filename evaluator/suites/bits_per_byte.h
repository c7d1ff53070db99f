// How well a model predicts held-out text: lm-evaluation-harness's loglikelihood_rolling metrics, over all
// documents together: bits_per_byte = -sum ll / bytes / ln 2, byte_perplexity = exp(-sum ll / bytes),
// word_perplexity = exp(-sum ll / words), words = len(re.split(r"\s+", text)).
#ifndef BONSAI_EVALUATOR_SUITES_BITS_PER_BYTE_H_
#define BONSAI_EVALUATOR_SUITES_BITS_PER_BYTE_H_

#include <memory>
#include <string>
#include <vector>

#include "edge_runtime/model/tokenizer.h"
#include "evaluator/suites/suite.h"
#include "evaluator/xz_size.h"

namespace bonsai {

class BitsPerByteSuite : public Suite {
 public:
  // InvalidArgument if there is no text, or no token can stand before one.
  static absl::StatusOr<std::unique_ptr<BitsPerByteSuite>> Create(const edge::Tokenizer& tokenizer,
                                                                  int32_t positions_max,
                                                                  std::span<const std::string> texts);

  std::span<const ScoreRequest> requests() const override { return requests_; }
  Judgement Judge(const Answers& answers) const override;

  // Adds xz's figures for the same text: the floor of bits_per_byte is the lower one, and each is a metric of
  // its own (xz_bits_per_byte, xz_after_reference_bits_per_byte).
  static void AddXzFigures(const XzFigures& figures, v1::SuiteResult* result);

 private:
  BitsPerByteSuite() = default;

  std::vector<ScoreRequest> requests_;
  uint64_t documents_ = 0;
  uint64_t bytes_ = 0;
  uint64_t words_ = 0;
  uint64_t tokens_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_BITS_PER_BYTE_H_
