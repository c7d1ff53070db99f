#include "evaluator/metrics/standard_error.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::vector<double> Values() {
  std::vector<double> values(37);
  for (int i = 0; i < 37; ++i) values[i] = (i * i * 7919 % 101) / 10.;
  return values;
}

std::vector<double> Pick(const std::vector<double>& values, std::span<const size_t> indices) {
  std::vector<double> picked;
  for (size_t index : indices) picked.push_back(values[index]);
  return picked;
}

// The expected figures were computed by CPython with random.Random(i).choices.
TEST(StandardError, OfAMean) {
  EXPECT_DOUBLE_EQ(MeanStandardError(Values()).value(), 0.45742794121313096);
  EXPECT_FALSE(MeanStandardError(std::vector<double>{1}).has_value());
}

TEST(StandardError, BootstrapsInChunksOfAThousand) {
  const std::vector<double> values = Values();
  const auto median = [&](std::span<const size_t> indices) { return UpperMedian(Pick(values, indices)); };
  EXPECT_DOUBLE_EQ(BootstrapStandardError(values.size(), 2500, median).value(), 0.6743614621928292);
}

TEST(StandardError, FewIterationsAreOneChunk) {
  const std::vector<double> values = Values();
  const auto perplexity = [&](std::span<const size_t> indices) {
    return std::exp(-Mean(Pick(values, indices)));
  };
  EXPECT_DOUBLE_EQ(BootstrapStandardError(values.size(), 100, perplexity).value(), 0.004255075692758667);
  EXPECT_FALSE(BootstrapStandardError(1, 100, perplexity).has_value());
}

TEST(StandardError, TheMedianOfAnEvenNumberIsTheUpper) {
  EXPECT_EQ(UpperMedian(std::vector<double>{4, 1, 3, 2}), 3);
  EXPECT_EQ(UpperMedian(std::vector<double>{5, 1, 3}), 3);
}

}  // namespace
}  // namespace bonsai
