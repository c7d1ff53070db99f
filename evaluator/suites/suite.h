// A suite: an evaluation benchmark under one profile's rules. It is pure: it says what to ask the model, and
// judges the answers. The evaluation runner makes suites from documents, has a LanguageModel score the
// requests, and puts the results into the report.
//
// To add one: a file here, a field in v1.EvaluateSpec, and a line in suite_list.cc.
#ifndef BONSAI_EVALUATOR_SUITES_SUITE_H_
#define BONSAI_EVALUATOR_SUITES_SUITE_H_

#include <span>
#include <string>
#include <vector>

#include "bonsai/v1/report.pb.h"
#include "evaluator/language_model.h"

namespace bonsai {

// What the model answered: the scores of requests() and the texts of generations(), each in that order.
struct Answers {
  std::span<const Score> scores;
  std::span<const std::string> texts;
};

struct Judgement {
  v1::SuiteResult result;
  std::vector<v1::ItemResult> items;  // one for each question, in their order; none where there is none
};

class Suite {
 public:
  virtual ~Suite() = default;

  virtual std::span<const ScoreRequest> requests() const = 0;
  virtual std::span<const GenerateRequest> generations() const { return {}; }
  virtual Judgement Judge(const Answers& answers) const = 0;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_SUITE_H_
