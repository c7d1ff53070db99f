#include "evaluator/metrics/longest_subsequence.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Tokens = std::vector<std::string>;
using Indices = std::vector<size_t>;

TEST(LongestSubsequence, IsLongestAndInOrder) {
  const Tokens first = {"a", "b", "c", "d", "e"};
  EXPECT_EQ(LongestSubsequence(first, Tokens{"x", "b", "d", "y", "e"}, SubsequenceTie::kSkipFirst),
            (Indices{1, 3, 4}));
  EXPECT_EQ(LongestSubsequence(first, Tokens{}, SubsequenceTie::kSkipFirst), Indices{});
  EXPECT_EQ(LongestSubsequence(Tokens{}, first, SubsequenceTie::kSkipFirst), Indices{});
}

// [a b] and [b a] have two subsequences of one token.
TEST(LongestSubsequence, OfEqualsTheTieRuleChooses) {
  EXPECT_EQ(LongestSubsequence(Tokens{"a", "b"}, Tokens{"b", "a"}, SubsequenceTie::kSkipFirst), Indices{0});
  EXPECT_EQ(LongestSubsequence(Tokens{"a", "b"}, Tokens{"b", "a"}, SubsequenceTie::kSkipSecond), Indices{1});
}

}  // namespace
}  // namespace bonsai
