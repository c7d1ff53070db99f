#include "evaluator/holdout/holdout_questions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HoldoutQuestions, AreTheLinesThatAreNotEmpty) {
  const auto questions = ReadHoldoutQuestions("{\"q\": \"one\"}\n\n{\"q\": \"two\"}\r\n");
  ASSERT_TRUE(questions.ok()) << questions.status();
  ASSERT_EQ(questions->size(), 2u);
  EXPECT_EQ((*questions)[0].record(), "{\"q\": \"one\"}");
  EXPECT_EQ((*questions)[1].id(), "3");
}

TEST(HoldoutQuestions, AreRefusedWithoutBeingShown) {
  for (const char* text :
       {"{\"q\": 1}\n\"treasure\"", "{\"q\": 1}\n{treasure", "{\"q\": 1}\n{\"treasure\": treasure}"}) {
    const auto questions = ReadHoldoutQuestions(text);
    EXPECT_THAT(questions.status().message(), HasSubstr("line 2"));
    EXPECT_THAT(questions.status().message(), Not(HasSubstr("treasure")));
  }
  EXPECT_FALSE(ReadHoldoutQuestions("\n \n").ok());
}

TEST(HoldoutQuestions, HaveTheTextsOfTheirRecords) {
  v1::Document question;
  question.set_record(R"({"question": {"stem": "Who?", "choices": [{"label": "A", "text": "Me"}]}, "n": 3})");
  EXPECT_THAT(TextsOfQuestion(question), ElementsAre("Who?", "A", "Me"));
}

}  // namespace
}  // namespace bonsai
