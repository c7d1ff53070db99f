#include "evaluator/suites/answer_measure.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

double Choices(absl::string_view measure, const std::vector<double>& scores, const std::vector<size_t>& right,
               const std::vector<std::string>& texts = {"a", "b", "c"}) {
  return MeasureChoices(measure, {.scores = scores, .texts = texts, .right = right});
}

TEST(AnswerMeasure, TheLikeliestChoiceIsTaken) {
  EXPECT_EQ(Choices("acc", {-1, -2, -3}, {0}), 1);
  EXPECT_EQ(Choices("acc", {-1, -2, -3}, {1}), 0);
  EXPECT_EQ(Choices("acc", {-1, -1, -3}, {1}), 0);
  EXPECT_EQ(Choices("acc", {-2, -1, -3}, {0, 1}), 1);
}

TEST(AnswerMeasure, LengthsAreCharactersOrBytes) {
  // Two characters of three bytes each, against three of one.
  const std::vector<std::string> texts = {"\xE4\xB8\x8B\xE4\xB8\x8B", "abc"};
  EXPECT_EQ(Choices("acc", {-5, -6}, {0}, texts), 1);
  EXPECT_EQ(Choices("acc_norm", {-5, -6}, {0}, texts), 0);
  EXPECT_EQ(Choices("acc_bytes", {-5, -6}, {0}, texts), 1);
  EXPECT_EQ(Choices("acc_norm", {-5, -6}, {0}, {"", "abc"}), 0);
}

TEST(AnswerMeasure, Mc2IsTheRightChoicesShareHoweverUnlikelyAllAre) {
  EXPECT_NEAR(Choices("mc2", {std::log(0.1), std::log(0.2), std::log(0.1)}, {0, 1}), 0.75, 1e-12);
  EXPECT_NEAR(Choices("mc2", {-5000, -5000, -5000}, {2}), 1.0 / 3, 1e-12);
}

TEST(AnswerMeasure, UnknownMeasuresListThoseThatGoWithTheRequest) {
  EXPECT_TRUE(CheckMeasure("acc_norm", v1::Suite::CHOICES).ok());
  EXPECT_THAT(CheckMeasure("acc", v1::Suite::GENERATION).message(), HasSubstr("valid here: exact_match"));
  EXPECT_THAT(CheckMeasure("exact_match", v1::Suite::CHOICES).message(),
              HasSubstr("valid here: acc, acc_norm"));
}

}  // namespace
}  // namespace bonsai
