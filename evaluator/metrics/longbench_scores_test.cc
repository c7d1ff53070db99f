#include "evaluator/metrics/longbench_scores.h"

#include <vector>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(LongbenchScores, CountsAreTheShareOfIntegersThatAreRight) {
  EXPECT_DOUBLE_EQ(CountScore("There are 7, not 8; 7!", "7"), 2. / 3);
  EXPECT_EQ(CountScore("seven", "7"), 0);
  EXPECT_EQ(CountScore("17", "7"), 0);
}

TEST(LongbenchScores, RetrievalReadsTheParagraphsNumber) {
  EXPECT_EQ(RetrievalScore("Paragraph 12", "Paragraph 12", "Paragraph "), 1);
  EXPECT_EQ(RetrievalScore("12 or 3", "see Paragraph x, Paragraph 3", "Paragraph "), 0.5);
  EXPECT_EQ(RetrievalScore("\u6bb5\u843d5", "\u6bb5\u843d5", "\u6bb5\u843d"), 1);
  EXPECT_EQ(RetrievalScore("5", "none", "Paragraph "), 0);
}

TEST(LongbenchScores, AClassCountsForAsManyAsAreNamed) {
  const std::vector<std::string> classes = {"city", "inner city", "country", "food"};
  EXPECT_EQ(ClassificationScore("a food", "food", classes), 1);
  EXPECT_EQ(ClassificationScore("food or country", "food", classes), 0.5);
  EXPECT_EQ(ClassificationScore("the inner city", "inner city", classes), 1)
      << "city is a part of the answer";
  EXPECT_EQ(ClassificationScore("country", "food", classes), 0);
}

// "x" and "y" are parts of the reference; dropping the first hides the second.
TEST(LongbenchScores, AClassBehindADroppedOneIsNotLookedAt) {
  const std::vector<std::string> classes = {"x", "y", "xyz"};
  EXPECT_EQ(ClassificationScore("xyz", "xyz", classes), 0.5);
}

TEST(LongbenchScores, CodeIsTheFirstLineThatIsNoCommentOrFence) {
  const std::string answer = "\n```python\n# sum\n// sum\nreturn a + b\nreturn 0";
  EXPECT_EQ(CodeScore(answer, "return a + b", FuzzMethod::kLevenshtein), 1);
  EXPECT_EQ(CodeScore(answer, "return a + b", FuzzMethod::kDifflib), 1);
  EXPECT_EQ(CodeScore("# only", "return", FuzzMethod::kDifflib), 0);
  EXPECT_EQ(CodeScore("  \nx", "x", FuzzMethod::kDifflib), 1);
  EXPECT_EQ(CodeScore("  \nx", "x", FuzzMethod::kLevenshtein), 0) << "a line of spaces is a line";
}

TEST(LongbenchScores, TheFirstLineIsBehindTheLineEndsInFront) {
  EXPECT_EQ(FirstLine("\n\nnews\nmore"), "news");
  EXPECT_EQ(FirstLine("\n"), "");
  EXPECT_EQ(FirstLine("a"), "a");
}

}  // namespace
}  // namespace bonsai
