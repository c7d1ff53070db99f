#include "evaluator/suite_requests.h"

#include "evaluator/fake_code_judge.h"
#include "evaluator/request_digest.h"
#include "gtest/gtest.h"
#include "runner/fake_runner_context.h"

namespace bonsai {
namespace {

// Two scores, one of which all such suites share, and a text; what it is judged by is in the result's notes.
class SmallSuite : public Suite {
 public:
  explicit SmallSuite(int32_t id) : scores_{{{1}, {2}}, {{1}, {id}}}, generations_{{{id}, {}, 3}} {}

  std::span<const ScoreRequest> requests() const override { return scores_; }
  std::span<const GenerateRequest> generations() const override { return generations_; }
  Judgement Judge(const Answers& answers) const override {
    Judgement judgement;
    for (const Score& score : answers.scores)
      judgement.result.add_notes(std::to_string(static_cast<int>(score.loglikelihood)));
    for (const std::string& text : answers.texts) judgement.result.add_notes(text);
    return judgement;
  }

 private:
  std::vector<ScoreRequest> scores_;
  std::vector<GenerateRequest> generations_;
};

TEST(SuiteRequests, EachSuiteIsJudgedByItsOwnAnswers) {
  std::vector<std::unique_ptr<Suite>> suites;
  suites.push_back(std::make_unique<SmallSuite>(5));
  suites.push_back(std::make_unique<SmallSuite>(6));
  const SuiteRequests requests(suites);
  ASSERT_EQ(requests.plan().size(), 5u);
  const auto context = FakeRunnerContext::Create(testing::TempDir());
  AnswerStore store(*context, "model");
  EXPECT_EQ(requests.CountMissing(store), 5u);
  std::vector<v1::Answer> answers;
  const auto add = [&](const ModelRequest& request, double loglikelihood, const std::string& text) {
    v1::Answer& answer = answers.emplace_back();
    answer.set_request_sha256(RequestDigest(request));
    answer.set_loglikelihood(loglikelihood);
    answer.set_text(text);
  };
  const ScoreRequest shared = {{1}, {2}}, five = {{1}, {5}}, six = {{1}, {6}};
  const GenerateRequest text_five = {{5}, {}, 3}, text_six = {{6}, {}, 3};
  add({.score = &shared}, -2, "");
  add({.score = &five}, -5, "");
  add({.score = &six}, -6, "");
  add({.generate = &text_five}, 0, "five");
  add({.generate = &text_six}, 0, "six");
  ASSERT_TRUE(store.Append(answers).ok());
  EXPECT_EQ(requests.CountMissing(store), 0u);
  FakeCodeJudge judge("");
  const auto judged = [&](size_t suite) {
    const auto judgement = requests.Judge(suite, store, judge, [](uint64_t) { return absl::OkStatus(); });
    EXPECT_TRUE(judgement.ok()) << judgement.status();
    return judgement.ok() ? judgement->result : v1::SuiteResult();
  };
  const v1::SuiteResult first = judged(0), second = judged(1);
  EXPECT_EQ(std::vector<std::string>(first.notes().begin(), first.notes().end()),
            (std::vector<std::string>{"-2", "-5", "five"}));
  EXPECT_EQ(std::vector<std::string>(second.notes().begin(), second.notes().end()),
            (std::vector<std::string>{"-2", "-6", "six"}));
  EXPECT_NE(first.answers_sha256(), second.answers_sha256());
}

}  // namespace
}  // namespace bonsai
