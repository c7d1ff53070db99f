// A suite: an evaluation benchmark under one profile's rules. It is pure: it says what to ask the model, and
// judges the answers. The evaluation runner makes suites from documents, has a LanguageModel score the
// requests, and puts the results into the report.
//
// To add one: a file here, a field in v1.EvaluateSpec, and a line in evaluate_runner.cc.
#ifndef BONSAI_EVALUATOR_SUITES_SUITE_H_
#define BONSAI_EVALUATOR_SUITES_SUITE_H_

#include <span>

#include "bonsai/v1/report.pb.h"
#include "evaluator/language_model.h"

namespace bonsai {

class Suite {
 public:
  virtual ~Suite() = default;

  virtual std::span<const ScoreRequest> requests() const = 0;
  // `scores` are those of requests(), in the same order.
  virtual v1::SuiteResult Judge(std::span<const Score> scores) const = 0;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_SUITE_H_
