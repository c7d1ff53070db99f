// From a model's answers to a suite's judgement: the programs among them are run first. Called by the
// evaluation runner. As thread-safe as the code judge.
#ifndef BONSAI_EVALUATOR_SUITE_JUDGE_H_
#define BONSAI_EVALUATOR_SUITE_JUDGE_H_

#include "absl/status/statusor.h"
#include "edge_runtime/model/tokenizer.h"
#include "evaluator/code_judge.h"
#include "evaluator/language_model.h"
#include "evaluator/suites/suite.h"

namespace bonsai {

// `answers` without verdicts. `progress` is told of programs, and may stop their judging. Errors: the code
// judge's.
absl::StatusOr<Judgement> JudgeSuite(const Suite& suite, Answers answers, CodeJudge& code_judge,
                                     const CodeProgress& progress);

// Asks the model all of the suite, and judges; the answers are nowhere but in memory. `progress` is told how
// many requests are done. Errors: the model's and the code judge's.
absl::StatusOr<Judgement> AskAndJudge(const Suite& suite, LanguageModel& model,
                                      const edge::Tokenizer& tokenizer, CodeJudge& code_judge,
                                      const ScoreProgress& progress);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITE_JUDGE_H_
