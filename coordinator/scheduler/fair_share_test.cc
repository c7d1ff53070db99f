#include "coordinator/scheduler/fair_share.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);

v1::TenantConfig Weighted(const std::string& name, double weight) {
  v1::TenantConfig config;
  config.set_name(name);
  config.set_weight(weight);
  return config;
}

TEST(FairShareTest, UsageIsTheDecayedIntegralOfWhatIsHeld) {
  FairShare shares({}, absl::Hours(1));
  const auto a = shares.Find("a");
  shares.Hold(a, 4, 1, kStart);
  // Over one half-life: 20 cpus * 3600 s / ln 2 * (1 - 1/2).
  EXPECT_NEAR(shares.Usage(a, kStart + absl::Hours(1)), 51937, 1);
  shares.Release(a, 4, 1, kStart + absl::Hours(1));
  EXPECT_NEAR(shares.Usage(a, kStart + absl::Hours(2)), 51937 / 2.0, 1);
  EXPECT_EQ(shares.cpus(a), 0u);
}

TEST(FairShareTest, StepsOfAnySizeGiveTheSameUsage) {
  FairShare fine({}, absl::Hours(1)), coarse({}, absl::Hours(1));
  for (FairShare* shares : {&fine, &coarse}) shares->Hold(shares->Find("a"), 3, 0, kStart);
  for (int i = 1; i <= 1000; ++i) fine.Hold(0, 0, 0, kStart + i * absl::Seconds(7));
  EXPECT_NEAR(fine.Usage(0, kStart + absl::Seconds(7000)), coarse.Usage(0, kStart + absl::Seconds(7000)),
              1e-6);
}

TEST(FairShareTest, WhatIsRebuiltAfterARestartIsWhatWasCounted) {
  FairShare before({}, absl::Hours(1)), after({}, absl::Hours(1));
  before.Hold(before.Find("a"), 8, 0, kStart);
  before.Release(0, 8, 0, kStart + absl::Minutes(40));
  const absl::Time now = kStart + absl::Minutes(90);
  after.AddPast(after.Find("a"), 8, 0, kStart, kStart + absl::Minutes(40), now);
  EXPECT_NEAR(before.Usage(0, now), after.Usage(0, now), 1e-6);
}

TEST(FairShareTest, TheTenantWithTheLeastForItsWeightGoesFirst) {
  FairShare shares({Weighted("heavy", 3), Weighted("light", 1)}, absl::Hours(24));
  const auto heavy = shares.Find("heavy"), light = shares.Find("light");
  shares.Hold(heavy, 2, 0, kStart);
  shares.Hold(light, 1, 0, kStart);
  EXPECT_LT(shares.Order(heavy, kStart), shares.Order(light, kStart)) << "what is held counts at once";
  shares.Hold(heavy, 2, 0, kStart);
  EXPECT_GT(shares.Order(heavy, kStart), shares.Order(light, kStart));
  EXPECT_EQ(shares.Order(shares.Find("new"), kStart), 0);
}

TEST(FairShareTest, WithoutAHalfLifeOnlyWhatIsHeldCounts) {
  FairShare shares({}, absl::ZeroDuration());
  shares.Hold(shares.Find("a"), 1, 0, kStart);
  EXPECT_EQ(shares.Order(0, kStart), shares.Order(0, kStart + absl::Hours(5)));
  shares.Release(0, 1, 0, kStart + absl::Hours(5));
  EXPECT_EQ(shares.Order(0, kStart + absl::Hours(6)), 0);
}

}  // namespace
}  // namespace bonsai
