// CommonsenseQA under lm-evaluation-harness's rules (task commonsense_qa): the five choices stand in the
// prompt, the model chooses a letter by its loglikelihood, no examples before the question.
#ifndef BONSAI_EVALUATOR_SUITES_CSQA_H_
#define BONSAI_EVALUATOR_SUITES_CSQA_H_

#include <memory>
#include <string>
#include <vector>

#include "bonsai/v1/document.pb.h"
#include "edge_runtime/model/tokenizer.h"
#include "evaluator/suites/suite.h"

namespace bonsai {

// "Question: <stem>\nA. <text>\n...\nE. <text>\nAnswer:". InvalidArgument names the document and what is
// wrong if the choices are not labelled A to E, in this order, or the answer is none of them.
absl::StatusOr<std::string> CommonsenseQaPrompt(const v1::Document& document);

class CommonsenseQaSuite : public Suite {
 public:
  // InvalidArgument as CommonsenseQaPrompt and ContinuationRequest; if there is no question; if `profile` is
  // not "lmeval".
  static absl::StatusOr<std::unique_ptr<CommonsenseQaSuite>> Create(const edge::Tokenizer& tokenizer,
                                                                    int32_t positions_max,
                                                                    absl::string_view profile,
                                                                    std::span<const v1::Document> documents);

  // Five for each question, for the letters in order.
  std::span<const ScoreRequest> requests() const override { return requests_; }
  Judgement Judge(const Answers& answers) const override;

 private:
  CommonsenseQaSuite() = default;

  std::vector<ScoreRequest> requests_;
  std::vector<std::string> answers_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_CSQA_H_
