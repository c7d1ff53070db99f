#include "evaluator/suite_judge.h"

#include <string>
#include <vector>

namespace bonsai {

absl::StatusOr<Judgement> JudgeSuite(const Suite& suite, Answers answers, CodeJudge& code_judge,
                                     const CodeProgress& progress) {
  const std::vector<CodeProgram> programs = suite.Programs(answers);
  if (programs.empty()) return suite.Judge(answers);
  const absl::StatusOr<std::vector<CodeVerdict>> verdicts = code_judge.JudgeAll(programs, progress);
  if (!verdicts.ok()) return verdicts.status();
  answers.verdicts = *verdicts;
  return suite.Judge(answers);
}

absl::StatusOr<Judgement> AskAndJudge(const Suite& suite, LanguageModel& model,
                                      const edge::Tokenizer& tokenizer, CodeJudge& code_judge,
                                      const ScoreProgress& progress) {
  const absl::StatusOr<std::vector<Score>> scores = model.ScoreAll(suite.requests(), progress);
  if (!scores.ok()) return scores.status();
  const absl::StatusOr<std::vector<std::string>> texts =
      model.GenerateAll(suite.generations(), tokenizer,
                        [&](uint64_t done) { return progress(suite.requests().size() + done); });
  if (!texts.ok()) return texts.status();
  const uint64_t all = suite.requests().size() + suite.generations().size();
  return JudgeSuite(suite, {.scores = *scores, .texts = *texts}, code_judge,
                    [&](uint64_t) { return progress(all); });
}

}  // namespace bonsai
