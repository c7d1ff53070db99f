#include "evaluator/metrics/perplexity.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(Perplexity, SumsComeBeforeQuotients) {
  const std::vector<double> loglikelihoods = {-2 * std::log(2.), -8 * std::log(2.)};
  const std::vector<uint64_t> bytes = {1, 4};
  EXPECT_DOUBLE_EQ(BitsPerByte(loglikelihoods, bytes), 2);
  EXPECT_DOUBLE_EQ(WeightedPerplexity(loglikelihoods, bytes), 4);
  EXPECT_DOUBLE_EQ(Perplexity(loglikelihoods), 32);
}

}  // namespace
}  // namespace bonsai
