#include "evaluator/metrics/ngram_counts.h"

#include <vector>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Tokens = std::vector<std::string>;

TEST(NgramCounts, CommonCountsAreClipped) {
  const NgramCounts a(Tokens{"x", "x", "y", "x"}, 1);
  const NgramCounts b(Tokens{"x", "y", "y"}, 1);
  EXPECT_EQ(a.total(), 4u);
  EXPECT_EQ(a.Common(b), 2u);
  EXPECT_EQ(b.Common(a), 2u);
}

TEST(NgramCounts, TokensDoNotRunTogether) {
  const NgramCounts a(Tokens{"ab", "c"}, 2);
  EXPECT_EQ(a.Common(NgramCounts(Tokens{"a", "bc"}, 2)), 0u);
  EXPECT_EQ(a.Common(NgramCounts(Tokens{"ab", "c"}, 2)), 1u);
  EXPECT_EQ(NgramCounts(Tokens{"a"}, 2).total(), 0u);
}

TEST(NgramCounts, JoiningTakesTheLargerCount) {
  NgramCounts joined(Tokens{"x", "x", "y"}, 1);
  joined.Join(NgramCounts(Tokens{"x", "y", "y", "z"}, 1));
  EXPECT_EQ(joined.total(), 5u);
  EXPECT_EQ(joined.Common(NgramCounts(Tokens{"x", "x", "x", "y", "y", "y", "z"}, 1)), 5u);
}

}  // namespace
}  // namespace bonsai
