#include "coordinator/simulate/share_meter.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

constexpr absl::Time kStart = absl::UnixEpoch();

TEST(ShareMeterTest, ATenantThatWaitsIsDueItsWeightAmongThoseThatHoldOrWait) {
  ShareMeter meter(kStart, kStart + absl::Hours(10));
  const size_t red = meter.AddTenant(3);
  const size_t blue = meter.AddTenant(1);
  meter.AddTenant(100);  // neither holds nor waits
  meter.Hold(red, 4, 0, kStart);
  meter.Wait(blue, 1, kStart);
  meter.Advance(kStart + absl::Hours(1));
  EXPECT_DOUBLE_EQ(meter.ShareOf(blue).due, 0.25);
  EXPECT_DOUBLE_EQ(meter.ShareOf(blue).got, 0);
  EXPECT_DOUBLE_EQ(meter.ShareOf(red).due, 0) << "it did not wait";
  meter.Hold(red, -2, 0, kStart + absl::Hours(1));
  meter.Hold(blue, 2, 0, kStart + absl::Hours(1));
  meter.Advance(kStart + absl::Hours(2));
  EXPECT_NEAR(meter.ShareOf(blue).got, 0.25, 1e-12) << "none of 4 cpu hours, then half of 4";
  EXPECT_DOUBLE_EQ(meter.cpu_seconds(), 8 * 3600);
}

TEST(ShareMeterTest, JainsIndexIsOneForEqualPartsAndOneNthForOneOfN) {
  ShareMeter meter(kStart, kStart + absl::Hours(1));
  for (int i = 0; i < 4; ++i) meter.Wait(meter.AddTenant(1), 1, kStart);
  EXPECT_DOUBLE_EQ(meter.JainIndex(), 1) << "nothing is known yet";
  meter.Hold(0, 8, 0, kStart);
  meter.Advance(kStart + absl::Minutes(30));
  EXPECT_DOUBLE_EQ(meter.JainIndex(), 0.25);
  ShareMeter equal(kStart, kStart + absl::Hours(1));
  for (int i = 0; i < 4; ++i) {
    equal.Wait(equal.AddTenant(1), 1, kStart);
    equal.Hold(i, 0, 1, kStart);
  }
  equal.Advance(kStart + absl::Hours(9));
  EXPECT_DOUBLE_EQ(equal.JainIndex(), 1);
  EXPECT_DOUBLE_EQ(equal.gpu_seconds(), 4 * 3600) << "nothing is measured after the end";
}

}  // namespace
}  // namespace bonsai
