#include "worker/data/mixture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace bonsai {
namespace {

TEST(Mixture, SharesHoldToWithinADocumentAllTheWay) {
  const std::vector<double> weights = {0.7, 0.2, 0.1};
  const std::vector<uint64_t> lengths = {300, 40, 1000};  // of each part's documents
  std::vector<uint64_t> tokens(3);
  uint64_t total = 0;
  for (int i = 0; i < 5000; ++i) {
    const size_t part = NextPart(weights, tokens);
    tokens[part] += lengths[part];
    total += lengths[part];
    for (size_t p = 0; p < 3; ++p) {
      EXPECT_LE(std::abs(static_cast<double>(tokens[p]) - weights[p] * static_cast<double>(total)), 1000.0)
          << "after document " << i;
    }
  }
}

TEST(Mixture, TheFirstOfEqualsIsNextAndScalingTheWeightsChangesNothing) {
  EXPECT_EQ(NextPart({1, 1, 1}, {0, 0, 0}), 0u);
  EXPECT_EQ(NextPart({1, 1, 1}, {5, 4, 4}), 1u);
  EXPECT_EQ(NextPart({2, 1}, {100, 49}), 1u);
  EXPECT_EQ(NextPart({2, 1}, {100, 50}), 0u);
  EXPECT_EQ(NextPart({200, 100}, {100, 50}), 0u);
}

TEST(Mixture, TheSeedChoosesWhereAPartBegins) {
  std::set<uint64_t> firsts;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const uint64_t first = FirstDocument(seed, 1, 1000);
    EXPECT_LT(first, 1000u);
    EXPECT_EQ(first, FirstDocument(seed, 1, 1000));
    EXPECT_NE(first, FirstDocument(seed, 2, 1000)) << "two parts of one seed";
    firsts.insert(first);
  }
  EXPECT_GT(firsts.size(), 40u);
  EXPECT_EQ(FirstDocument(5, 0, 1), 0u);
}

}  // namespace
}  // namespace bonsai
