#include "evaluator/paired_test.h"

#include <vector>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

// Computed with Python's integers.
TEST(PairedTest, BinomialTailsAreExact) {
  EXPECT_EQ(TwoSidedBinomial(0, 0), 1);
  EXPECT_EQ(TwoSidedBinomial(0, 1), 1);
  EXPECT_NEAR(TwoSidedBinomial(0, 5), 0.0625, 1e-15);
  EXPECT_NEAR(TwoSidedBinomial(3, 10), 0.34375, 1e-15);
  EXPECT_EQ(TwoSidedBinomial(5, 10), 1);
  EXPECT_NEAR(TwoSidedBinomial(2, 25), 1.9431114196777344e-05, 1e-17);
  EXPECT_NEAR(TwoSidedBinomial(400, 1000) / 2.7284641560660184e-10, 1, 1e-10);
  EXPECT_NEAR(TwoSidedBinomial(900, 2000) / 8.457089535503927e-06, 1, 1e-10);
}

TEST(PairedTest, RightAndWrongAnswersAreTestedByMcNemar) {
  const std::vector<double> first = {1, 1, 1, 1, 0, 1, 0, 1};
  const std::vector<double> second = {0, 0, 0, 0, 0, 1, 1, 0};
  const PairedResult result = PairedTest(first, second, 1);
  EXPECT_EQ(result.test, "exact McNemar");
  EXPECT_EQ(result.larger, 5u);
  EXPECT_EQ(result.smaller, 1u);
  EXPECT_EQ(result.difference, 0.5);
  EXPECT_NEAR(result.p_value, 2 * 7. / 64, 1e-15);
}

TEST(PairedTest, FewDifferencesAreFlippedInAllWays) {
  const std::vector<double> first = {1.5, 2.5, 3.5, 0};
  const std::vector<double> second = {1, 2, 3, 0};
  const PairedResult result = PairedTest(first, second, 1);
  EXPECT_EQ(result.test, "sign-flip permutation, exact");
  EXPECT_EQ(result.p_value, 0.25);  // all up or all down of eight ways
  EXPECT_EQ(result.larger, 3u);
  const std::vector<double> same = {0.5, 0.25};
  EXPECT_EQ(PairedTest(same, same, 1).p_value, 1);
}

TEST(PairedTest, ManyDifferencesAreDrawnAndTheSeedDecides) {
  std::vector<double> first(200);
  std::vector<double> second(200);
  for (size_t i = 0; i < first.size(); ++i) {
    first[i] = static_cast<double>(i % 7) / 7;
    second[i] = static_cast<double>((i * 5 + 3) % 7) / 7;
  }
  const PairedResult result = PairedTest(first, second, 9);
  EXPECT_EQ(result.test, "sign-flip permutation, 9999 draws");
  EXPECT_GT(result.p_value, 0.3);
  EXPECT_EQ(PairedTest(first, second, 9).p_value, result.p_value);
  EXPECT_EQ(PairedTest(second, first, 9).p_value, result.p_value);
  for (double& value : first) value += 1;
  EXPECT_EQ(PairedTest(first, second, 9).p_value, 1e-4);
}

}  // namespace
}  // namespace bonsai
