// A suite that is data and asks how well whole texts are predicted: bits per byte and perplexities of the
// text that its prompt makes of each document. Made by the evaluation runner's list of suites.
//
// Immutable once created; safe for concurrent use.
#ifndef BONSAI_EVALUATOR_SUITES_ROLLING_SUITE_H_
#define BONSAI_EVALUATOR_SUITES_ROLLING_SUITE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bonsai/v1/document.pb.h"
#include "bonsai/v1/suite.pb.h"
#include "evaluator/suites/bits_per_byte.h"
#include "evaluator/suites/suite.h"

namespace bonsai {

class RollingSuite : public Suite {
 public:
  // InvalidArgument: the suite's request is not ROLLING, there is no such subset, a document that the prompt
  // cannot be made of (named); as BitsPerByteSuite::Create.
  static absl::StatusOr<std::unique_ptr<RollingSuite>> Create(const v1::Suite& suite,
                                                              const std::string& subset,
                                                              std::span<const v1::Document> documents,
                                                              const edge::Tokenizer& tokenizer,
                                                              int32_t positions_max);

  std::span<const ScoreRequest> requests() const override { return texts_->requests(); }
  Judgement Judge(const Answers& answers) const override;

 private:
  RollingSuite() = default;

  std::unique_ptr<BitsPerByteSuite> texts_;
  std::string name_, profile_, sha256_;
  std::vector<std::pair<std::string, std::string>> metrics_;  // measure, and its name in the report
  SubsetOf subset_of_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_ROLLING_SUITE_H_
