#include "evaluator/suite_judge.h"

#include <gtest/gtest.h>

#include "evaluator/byte_tokenizer.h"
#include "evaluator/fake_code_judge.h"
#include "evaluator/fake_language_model.h"

namespace bonsai {
namespace {

// One score, and two programs that go on from "a" and "b".
class ProgramSuite : public Suite {
 public:
  std::span<const ScoreRequest> requests() const override { return scores_; }
  std::span<const GenerateRequest> generations() const override { return generations_; }
  std::vector<CodeProgram> Programs(const Answers& answers) const override {
    EXPECT_TRUE(answers.verdicts.empty());
    std::vector<CodeProgram> programs;
    for (const std::string& text : answers.texts) programs.push_back({text, "f", "", ""});
    return programs;
  }
  Judgement Judge(const Answers& answers) const override {
    Judgement judgement;
    EXPECT_EQ(answers.scores.size(), 1u);
    for (const CodeVerdict& verdict : answers.verdicts) judgement.result.add_notes(verdict.why);
    return judgement;
  }

 private:
  const std::vector<ScoreRequest> scores_ = {{{'x'}, {'y'}}};
  const std::vector<GenerateRequest> generations_ = {{{'a' + 3}, {}, 1}, {{'b' + 3}, {}, 1}};
};

// Says the id after the last one: the next letter.
FakeLanguageModel NextLetter() {
  return FakeLanguageModel(300, 16, [](std::span<const int32_t> tokens) {
    std::vector<float> logits(300);
    logits[tokens.back() + 1] = 1;
    return logits;
  });
}

TEST(SuiteJudge, AnswersThatAreProgramsAreRunBeforeTheSuiteJudges) {
  FakeLanguageModel model = NextLetter();
  FakeCodeJudge judge("c");
  const ByteTokenizer tokenizer;
  std::vector<uint64_t> told;
  const auto judgement = AskAndJudge(ProgramSuite(), model, tokenizer, judge, [&](uint64_t done) {
    told.push_back(done);
    return absl::OkStatus();
  });
  ASSERT_TRUE(judgement.ok()) << judgement.status();
  ASSERT_EQ(judgement->result.notes_size(), 2);
  EXPECT_EQ(judgement->result.notes(0), "a test raised AssertionError");  // "b"
  EXPECT_EQ(judgement->result.notes(1), "passed");                        // "c"
  EXPECT_EQ(told, (std::vector<uint64_t>{1, 2, 3, 3, 3}));
}

TEST(SuiteJudge, WhoWantsToStopIsHeard) {
  for (uint64_t last : {1, 2, 3}) {
    FakeLanguageModel model = NextLetter();
    FakeCodeJudge judge("c");
    const auto judgement = AskAndJudge(ProgramSuite(), model, ByteTokenizer(), judge, [&](uint64_t done) {
      return done == last ? absl::CancelledError("enough") : absl::OkStatus();
    });
    EXPECT_EQ(judgement.status(), absl::CancelledError("enough")) << last;
  }
}

}  // namespace
}  // namespace bonsai
