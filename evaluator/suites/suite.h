// A suite: an evaluation benchmark under one profile's rules. It is pure: it says what to ask the model, and
// judges the answers. The evaluation runner makes suites from documents, has a LanguageModel score the
// requests, and puts the results into the report.
//
// To add one: a file in deploy/suites, or a task file of one's own (deploy/suites/README.md); a class here
// only for what these cannot say.
#ifndef BONSAI_EVALUATOR_SUITES_SUITE_H_
#define BONSAI_EVALUATOR_SUITES_SUITE_H_

#include <span>
#include <string>
#include <vector>

#include "bonsai/v1/report.pb.h"
#include "evaluator/code_judge.h"
#include "evaluator/language_model.h"

namespace bonsai {

// What the model answered: the scores of requests() and the texts of generations(), each in that order. Where
// answers are programs, also what a CodeJudge said of Programs(answers), in that order.
struct Answers {
  std::span<const Score> scores;
  std::span<const std::string> texts;
  std::span<const CodeVerdict> verdicts = {};
};

// Of a suite that is a part of another, BIG-Bench Hard's word_sorting: which one, and how its parts make one
// figure (suite_groups.h).
struct SubsetOf {
  std::string suite;    // empty: it is no part
  size_t parts = 0;     // how many it has
  bool by_size = true;  // the mean over all questions; otherwise the mean of the parts' means
};

struct Judgement {
  v1::SuiteResult result;
  std::vector<v1::ItemResult> items;  // one for each question, in their order; none where there is none
  SubsetOf subset_of = {};
};

class Suite {
 public:
  virtual ~Suite() = default;

  virtual std::span<const ScoreRequest> requests() const = 0;
  virtual std::span<const GenerateRequest> generations() const { return {}; }
  // What has to be run before Judge can say anything; most suites have none. `answers` has no verdicts yet.
  virtual std::vector<CodeProgram> Programs(const Answers& /*answers*/) const { return {}; }
  // Whether Programs may give any: then there must be a sandbox.
  virtual bool has_programs() const { return false; }
  virtual Judgement Judge(const Answers& answers) const = 0;
  // Whether its questions are secret: then its answers are kept in memory alone, and it is asked as a whole.
  virtual bool secret() const { return false; }
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_SUITE_H_
