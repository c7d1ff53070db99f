#include "evaluator/metrics/sequence_ratio.h"

#include <string>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::string Repeat(const std::string& piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

// Printed by CPython's difflib.
TEST(SequenceRatio, DifflibsBlocks) {
  EXPECT_EQ(DifflibRatio("return x + 1", "return y + 2"), 0.8333333333333334);
  EXPECT_EQ(DifflibRatio("abxcd", "abcd"), 0.8888888888888888);
  EXPECT_EQ(DifflibRatio("for i in range(10):", "for j in range(len(xs)):"), 0.7441860465116279);
  EXPECT_EQ(DifflibRatio("\u65e5\u672c\u8a9e", "\u65e5\u8bed"), 0.4);
  EXPECT_EQ(DifflibRatio("aXbYc", "cYbXa"), 0.2);
  EXPECT_EQ(DifflibRatio("", ""), 1);
}

TEST(SequenceRatio, FrequentCharactersOfLongTextsBeginNoBlock) {
  EXPECT_EQ(DifflibRatio(Repeat("ab", 120), Repeat("ba", 130)), 0);
  std::string first;
  std::string second;
  for (int i = 0; i < 250; ++i) first += static_cast<char>('a' + i % 26);
  for (int i = 0; i < 260; ++i) second += static_cast<char>('a' + i * 7 % 26);
  EXPECT_EQ(DifflibRatio(first, second), 0.00392156862745098);
}

TEST(SequenceRatio, SubsequencesMayHaveGaps) {
  EXPECT_DOUBLE_EQ(SubsequenceRatio("abxcd", "abcd"), 8. / 9);
  EXPECT_DOUBLE_EQ(SubsequenceRatio("aXbYc", "cYbXa"), 0.2);
  EXPECT_DOUBLE_EQ(SubsequenceRatio("abcabc", "acbacb"), 2. * 4 / 12);
}

TEST(SequenceRatio, PercentAreRoundedHalfToEven) {
  EXPECT_EQ(FuzzRatio("", "", FuzzMethod::kDifflib), 100);
  EXPECT_EQ(FuzzRatio("", "a", FuzzMethod::kLevenshtein), 0);
  EXPECT_EQ(FuzzRatio("a", "axxxxxxxxxxxxxx", FuzzMethod::kDifflib), 12);      // 12.5
  EXPECT_EQ(FuzzRatio("abc", "axxxxbxxxxcxx", FuzzMethod::kLevenshtein), 38);  // 37.5
}

}  // namespace
}  // namespace bonsai
