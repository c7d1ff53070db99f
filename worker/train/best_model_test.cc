#include "worker/train/best_model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bonsai {
namespace {

const std::vector<float> kFirst = {1, 2}, kSecond = {3, 4};

TEST(BestModel, KeepsTheParametersOfTheLowestLossThatIsANumber) {
  BestModel best(true);
  best.Offer({1, NAN}, kFirst);
  EXPECT_FALSE(best.best().has_value());
  EXPECT_EQ(best.parameters(), nullptr);
  best.Offer({2, 3.0}, kFirst);
  const SharedParameters handed_out = best.parameters();
  best.Offer({3, 3.0}, kSecond);
  EXPECT_EQ(best.best()->step, 2u);
  best.Offer({4, 2.5}, kSecond);
  best.Offer({5, NAN}, kFirst);
  best.Offer({6, 2.75}, kFirst);
  EXPECT_EQ(best.best(), (RunRecord::Validation{4, 2.5}));
  EXPECT_EQ(*best.parameters(), kSecond);
  EXPECT_EQ(*handed_out, kFirst);  // whoever reads them still can
}

TEST(BestModel, GoesOnFromWhatACheckpointHad) {
  BestModel best(true);
  best.Restore(RunRecord::Validation{7, 2.0}, std::make_shared<const std::vector<float>>(kFirst));
  best.Offer({8, 2.1}, kSecond);
  EXPECT_EQ(*best.parameters(), kFirst);
  best.Offer({9, 1.9}, kSecond);
  EXPECT_EQ(*best.parameters(), kSecond);
}

TEST(BestModel, ARankThatPublishesNothingKeepsNoCopy) {
  BestModel best(false);
  best.Offer({1, 2.0}, kFirst);
  EXPECT_EQ(best.best()->step, 1u);
  EXPECT_EQ(best.parameters(), nullptr);
}

}  // namespace
}  // namespace bonsai
