#include "evaluator/answer_file.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

std::vector<v1::Answer> SomeAnswers() {
  std::vector<v1::Answer> answers(3);
  answers[0].set_request_sha256(std::string(64, 'a'));
  answers[0].set_loglikelihood(-0.1);
  answers[1].set_request_sha256(std::string(64, 'b'));
  answers[1].set_text(std::string("no UTF-8: \xff\0 ", 13));
  answers[2].set_request_sha256(std::string(64, 'c'));
  answers[2].set_is_greedy(true);
  return answers;
}

TEST(AnswerFile, GivesBackWhatWasWritten) {
  const std::string bytes = SerializeAnswers(SomeAnswers());
  const auto answers = ParseAnswers(bytes);
  ASSERT_TRUE(answers.ok()) << answers.status();
  ASSERT_EQ(answers->size(), 3u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ((*answers)[i].SerializeAsString(), SomeAnswers()[i].SerializeAsString());
  EXPECT_TRUE(ParseAnswers("")->empty());
}

TEST(AnswerFile, RefusesEveryTruncation) {
  const std::vector<v1::Answer> answers = SomeAnswers();
  const std::string bytes = SerializeAnswers(answers);
  const size_t first = SerializeAnswers(std::span(answers).first(1)).size();
  const size_t second = SerializeAnswers(std::span(answers).first(2)).size();
  for (size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseAnswers(bytes.substr(0, size)).ok(), size == first || size == second) << size;
  }
}

TEST(AnswerFile, RefusesAnAnswerToNothing) {
  std::vector<v1::Answer> answers = SomeAnswers();
  answers[1].set_request_sha256("b");
  EXPECT_THAT(std::string(ParseAnswers(SerializeAnswers(answers)).status().message()),
              HasSubstr("answer 1 at byte"));
}

}  // namespace
}  // namespace bonsai
