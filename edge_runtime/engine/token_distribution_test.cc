#include "edge_runtime/engine/token_distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace bonsai::edge {
namespace {

TEST(TokenDistributionTest, GivesTheLogarithmOfSoftmax) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0.0f, 6.0f);
  std::vector<float> logits(32003);
  for (float& logit : logits) logit = normal(random);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit});
  const TokenDistribution distribution(logits);
  for (const int32_t token : {0, 1, 777, 32002}) {
    EXPECT_NEAR(distribution.LogProbability(token),
                double{logits[static_cast<size_t>(token)]} - std::log(sum), 1e-6);
  }
}

TEST(TokenDistributionTest, TheFirstOfEqualsIsTheLikeliest) {
  const std::vector<float> logits = {1, 5, 2, 5, -1};
  const TokenDistribution distribution(logits);
  EXPECT_FALSE(distribution.IsLikeliest(0));
  EXPECT_TRUE(distribution.IsLikeliest(1));
  EXPECT_FALSE(distribution.IsLikeliest(3));
}

TEST(TokenDistributionTest, LogitsThatAreNoNumbersGiveNone) {
  for (const float wrong : {NAN, INFINITY}) {
    const std::vector<float> logits = {1, wrong, 2};
    EXPECT_FALSE(std::isfinite(TokenDistribution(logits).LogProbability(0)));
  }
  const std::vector<float> impossible = {1, -INFINITY, 2};
  EXPECT_TRUE(std::isfinite(TokenDistribution(impossible).LogProbability(0)));
  EXPECT_FALSE(std::isfinite(TokenDistribution(impossible).LogProbability(1)));
}

}  // namespace
}  // namespace bonsai::edge
