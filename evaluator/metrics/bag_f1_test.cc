#include "evaluator/metrics/bag_f1.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Words = std::vector<std::string>;

TEST(BagF1, WordsAreCountedNotOrdered) {
  EXPECT_DOUBLE_EQ(BagF1(Words{"x", "y", "y"}, Words{"y", "z"}), 2 * (1. / 3) * (1. / 2) / (1. / 3 + 1. / 2));
  EXPECT_EQ(BagF1(Words{"b", "a"}, Words{"a", "b"}), 1);
  EXPECT_EQ(BagF1(Words{}, Words{"a"}), 0);
  EXPECT_EQ(BagF1(Words{}, Words{}), 0);
}

TEST(BagF1, PunctuationAndArticlesAreDropped) {
  EXPECT_EQ(AnswerWords("The quick, an \"Apple\"\u2019s a-b a."), (Words{"quick", "apple\u2019s", "ab"}));
  EXPECT_EQ(AnswerWords("theatre A1 an_a"), (Words{"theatre", "a1", "ana"}));
  EXPECT_EQ(AnswerWords("the\u3000a \n"), Words{});
  EXPECT_EQ(QaF1("It is the Blue House.", "blue house"), 2 * 0.5 * 1 / 1.5);
}

TEST(BagF1, ChineseIsCutInCharactersAndRuns) {
  EXPECT_EQ(CutChinese("\u6211\u7528GPT4\u3002 ok"), (Words{"\u6211", "\u7528", "GPT4", "\u3002", "ok"}));
  EXPECT_EQ(ChineseAnswerWords("\u6211\u7528GPT4\u3002 \u300aok\u300b!"),
            (Words{"\u6211", "\u7528", "gpt4", "ok"}));
  EXPECT_EQ(QaF1Chinese("\u6211\u7528\u3002", "\u6211\u7528"), 1);
}

}  // namespace
}  // namespace bonsai
