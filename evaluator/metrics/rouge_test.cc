#include "evaluator/metrics/rouge.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(Rouge, TokensAreAsciiLettersAndDigitsInLowerCase) {
  const RougeScores scores = Rouge("The CAT, sat-on 7!", "the cat sat on 7");
  EXPECT_EQ(scores.rouge1, 1);
  EXPECT_EQ(scores.rouge2, 1);
  EXPECT_EQ(scores.rouge_lsum, 1);
  EXPECT_EQ(Rouge("\u6f22\u5b57", "\u6f22\u5b57").rouge1, 0);
}

TEST(Rouge, CountsAreClipped) {
  // 2 of 3 predicted, 2 of 4 expected.
  EXPECT_DOUBLE_EQ(Rouge("a a a", "a b a c").rouge1, 2 * (2. / 3) * (2. / 4) / (2. / 3 + 2. / 4));
  EXPECT_EQ(Rouge("a a a", "a b a c").rouge2, 0);
}

TEST(Rouge, EmptyTextsScoreNothing) {
  for (const auto& [prediction, reference] : {std::pair{"", "a"}, {"a", ""}, {"", ""}, {"...", "\n"}}) {
    const RougeScores scores = Rouge(prediction, reference);
    EXPECT_EQ(scores.rouge1 + scores.rouge2 + scores.rouge_lsum, 0);
  }
}

// Reference w1..w5; the candidates' lines share w1 w2 and w1 w3 w5 with it: the union has four (Lin's
// example).
TEST(Rouge, LsumJoinsTheSubsequencesOfAllLines) {
  const RougeScores scores = Rouge("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5");
  EXPECT_DOUBLE_EQ(scores.rouge_lsum, 2 * (4. / 10) * (4. / 5) / (4. / 10 + 4. / 5));
}

TEST(Rouge, SentencesBecomeLinesAtASpacedDot) {
  const RougeScores lines = RougePercentOfSentences("b . a", "a . b");
  EXPECT_DOUBLE_EQ(lines.rouge_lsum, 100);
  EXPECT_DOUBLE_EQ(Rouge("b . a", "a . b").rouge_lsum, 0.5);
}

}  // namespace
}  // namespace bonsai
