#include "evaluator/metrics/set_rouge.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

// Printed by the Python package "rouge" 1.0.1.
TEST(SetRouge, AgreesWithThePackage) {
  EXPECT_EQ(SetRougeL("the cat sat on the mat", "the cat was on the mat"), 0.7999999950000002);
  EXPECT_EQ(SetRougeL("a b c. d e f", "a c. f e"), 0.5999999952);
  EXPECT_EQ(SetRougeL("hello. ", "hello world"), 0.4999999950000001);
  EXPECT_EQ(SetRougeL("x . y", "x y. x"), 0.999999995);
  EXPECT_EQ(SetRougeL("b a", "a b"), 0.4999999950000001);
}

TEST(SetRouge, TextsWithoutSentencesScoreNothing) {
  EXPECT_EQ(SetRougeL("", "a"), 0);
  EXPECT_EQ(SetRougeL("a", "..."), 0);
}

}  // namespace
}  // namespace bonsai
