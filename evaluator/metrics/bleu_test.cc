#include "evaluator/metrics/bleu.h"

#include <cmath>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Tokens = std::vector<std::string>;

TEST(Bleu, AnExactSentenceHasTheWholeScore) {
  EXPECT_DOUBLE_EQ(SacrebleuIntl("one two three four five", "one two three four five"), 100);
  EXPECT_DOUBLE_EQ(PlainBleu("one two three four five", "one two three four five"), 1);
}

TEST(Bleu, ShortSentencesHaveNoFourGrams) {
  EXPECT_EQ(SacrebleuIntl("one two three", "one two three"), 0);
  EXPECT_EQ(PlainBleu("one two three", "one two three"), 0);
  EXPECT_EQ(SacrebleuIntl("", "one"), 0);
  EXPECT_EQ(SacrebleuIntl("x y z w v", "one two"), 0);
}

// One of four bigrams, no trigram: the precisions are 3/5, 1/4, (1/3)/2 and (1/2)/4.
TEST(Bleu, OrdersWithoutMatchesAreHalvedEachTime) {
  const double expected =
      100 * std::exp((std::log(3. / 5) + std::log(1. / 4) + std::log(1. / 3 / 2) + std::log(1. / 2 / 4)) / 4);
  EXPECT_NEAR(SacrebleuIntl("a b x c y", "a b z c w"), expected, 1e-12);
  EXPECT_EQ(PlainBleu("a b x c y", "a b z c w"), 0);
}

TEST(Bleu, ShortHypothesesPayThePenalty) {
  EXPECT_NEAR(SacrebleuIntl("a b c d e", "a b c d e f g"), 100 * std::exp(1 - 7. / 5), 1e-12);
  EXPECT_NEAR(PlainBleu("a b c d e", "a b c d e f g"), std::exp(1 - 7. / 5), 1e-12);
}

TEST(Bleu, OfSeveralReferencesTheClosestOrTheShortestLengthCounts) {
  const Tokens hypothesis = {"a", "b", "c", "d", "e"};
  const std::vector<Tokens> references = {{"a", "b"}, {"a", "b", "c", "d", "e", "f"}, {"c", "d", "e", "x"}};
  EXPECT_EQ(CountBleu(hypothesis, references, ReferenceLength::kShortest).reference_tokens, 2u);
  const BleuCounts counts = CountBleu(hypothesis, references, ReferenceLength::kClosest);
  EXPECT_EQ(counts.reference_tokens, 4u);  // as near as 6, and shorter
  EXPECT_EQ(counts.matches, (std::array<uint64_t, 4>{5, 4, 3, 2}));
}

TEST(Bleu, ACorpusAddsItsSegmentsUp) {
  BleuCounts counts;
  for (const Tokens& segment : {Tokens{"a", "b"}, Tokens{"a", "b", "c", "d"}}) {
    counts += CountBleu(segment, std::vector<Tokens>{segment}, ReferenceLength::kClosest);
  }
  EXPECT_EQ(counts.total, (std::array<uint64_t, 4>{6, 4, 2, 1}));
  EXPECT_DOUBLE_EQ(SacrebleuScore(counts), 100);
}

TEST(Bleu, TheTwoTokenizersDiffer) {
  EXPECT_LT(SacrebleuIntl("it's a big dog", "it' s a big dog"), 100.1);
  EXPECT_DOUBLE_EQ(SacrebleuIntl("it's a big dog", "it' s a big dog"), 100);
  EXPECT_LT(PlainBleu("it's a big dog", "it' s a big dog"), 1);
}

}  // namespace
}  // namespace bonsai
