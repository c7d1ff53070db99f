#include "evaluator/pass_at_k.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

TEST(PassAtK, IsTheUnbiasedEstimate) {
  EXPECT_EQ(PassAtK(1, 0, 1), 0);
  EXPECT_EQ(PassAtK(1, 1, 1), 1);
  EXPECT_DOUBLE_EQ(PassAtK(10, 3, 1), 0.3);
  // Of 5 samples of which 2 are right, a pair has none in 3 of 10 cases.
  EXPECT_DOUBLE_EQ(PassAtK(5, 2, 2), 0.7);
  EXPECT_EQ(PassAtK(5, 3, 3), 1);
  EXPECT_EQ(PassAtK(200, 0, 100), 0);
  EXPECT_NEAR(PassAtK(200, 1, 100), 0.5, 1e-12);
}

}  // namespace
}  // namespace bonsai
