#include "evaluator/metrics/class_agreement.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Labels = std::vector<int32_t>;

// 3 right of class 1, 1 missed, 2 false alarms, 2 right of class 0.
const Labels kExpected = {1, 1, 1, 1, 0, 0, 0, 0};
const Labels kPredicted = {1, 1, 1, 0, 1, 1, 0, 0};

TEST(ClassAgreement, OfTwoClassesTheTextbooksFormulas) {
  EXPECT_DOUBLE_EQ(MatthewsCorrelation(kExpected, kPredicted),
                   (3. * 2 - 2 * 1) / std::sqrt((3. + 2) * (3 + 1) * (2 + 2) * (2 + 1)));
  EXPECT_DOUBLE_EQ(BinaryF1(kExpected, kPredicted), 2 * 3. / (2 * 3 + 2 + 1));
  EXPECT_DOUBLE_EQ(MacroF1(kExpected, kPredicted), (2 * 3. / 9 + 2 * 2. / 7) / 2);
}

TEST(ClassAgreement, AllRightAllWrongAndOneClass) {
  const Labels turned = {0, 0, 0, 0, 1, 1, 1, 1};
  EXPECT_DOUBLE_EQ(MatthewsCorrelation(kExpected, kExpected), 1);
  EXPECT_DOUBLE_EQ(MatthewsCorrelation(kExpected, turned), -1);
  EXPECT_EQ(MatthewsCorrelation(kExpected, Labels(8, 1)), 0);
  EXPECT_EQ(BinaryF1(Labels{0, 0}, Labels{0, 0}), 0);
}

TEST(ClassAgreement, ManyClasses) {
  const Labels expected = {0, 1, 2, 2};
  const Labels predicted = {0, 2, 2, 2};
  // 12 of (16 - 6) and (16 - 10): n * right - sum of products = 4 * 3 - (1 + 0 + 6).
  EXPECT_DOUBLE_EQ(MatthewsCorrelation(expected, predicted), 5 / std::sqrt(10. * 6));
  EXPECT_DOUBLE_EQ(MacroF1(expected, predicted), (1 + 0 + 0.8) / 3);
}

}  // namespace
}  // namespace bonsai
