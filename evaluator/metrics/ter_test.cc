#include "evaluator/metrics/ter.h"

#include <vector>

#include "evaluator/cpython_random.h"
#include "gtest/gtest.h"

// The expected numbers were printed by sacrebleu's lib_ter.
namespace bonsai {
namespace {

uint64_t Edits(const std::string& hypothesis, const std::string& reference) {
  return CountTer(hypothesis, std::vector<std::string>{reference}).edits;
}

std::string Letters(const std::vector<size_t>& numbers) {
  std::string text;
  for (size_t number : numbers) text += std::string(" ") + static_cast<char>('a' + number);
  return text;
}

TEST(Ter, AMovedRunOfWordsIsOneEdit) {
  EXPECT_EQ(Edits("a b c d e f", "d e f a b c"), 1u);
  EXPECT_EQ(Edits("A  b", "a B"), 0u);
  EXPECT_EQ(Edits("a x c", "a b c"), 1u);
}

TEST(Ter, EmptyTexts) {
  EXPECT_EQ(Edits("", "a b"), 2u);
  EXPECT_EQ(Edits("a b", ""), 2u);
  EXPECT_EQ(TerScore(CountTer("a b", std::vector<std::string>{""})), 100);
  EXPECT_EQ(TerScore(CountTer("", std::vector<std::string>{""})), 0);
}

TEST(Ter, SegmentsAddUpAndTheNearestReferenceCounts) {
  TerCounts counts = CountTer("a b c", std::vector<std::string>{"a b c d", "x y z v w u"});
  EXPECT_EQ(counts.edits, 1u);
  EXPECT_EQ(counts.reference_words, 5);
  counts += CountTer("a", std::vector<std::string>{"b"});
  EXPECT_DOUBLE_EQ(TerScore(counts), 100 * 2. / 6);
}

TEST(Ter, RandomSentencesAgreeWithSacrebleu) {
  uint64_t folded = 0;
  uint64_t total = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CpythonRandom random(seed);
    const auto make = [&random](size_t kinds) {
      const size_t words = random.RandBelow(24) + 1;
      return Letters(random.Choices(kinds, words));
    };
    const std::string hypothesis = make(7);
    const std::string reference = make(7);
    const uint64_t edits = Edits(hypothesis, reference);
    total += edits;
    folded = folded * 31 + edits;
  }
  EXPECT_EQ(total, 737u);
  EXPECT_EQ(folded, 1316230821627376261u);
}

// 1,000 moves are tried at most, and the edit distance keeps to a beam.
TEST(Ter, LongAndUnequalSentencesReachTheLimits) {
  CpythonRandom random(99);
  const std::string hypothesis = Letters(random.Choices(5, 90));
  const std::string reference = Letters(random.Choices(5, 80));
  EXPECT_EQ(Edits(hypothesis, reference), 52u);
  CpythonRandom other(5);
  const std::string tiny = Letters(other.Choices(4, 3));
  const std::string huge = Letters(other.Choices(4, 200));
  EXPECT_EQ(Edits(tiny, huge), 197u);
}

}  // namespace
}  // namespace bonsai
