#include "worker/train/loss_guard.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace bonsai {
namespace {

v1::Guard GuardOf(v1::Guard::Action action, float factor, uint32_t most) {
  v1::Guard guard;
  guard.set_action(action);
  guard.set_spike_factor(factor);
  guard.set_skips_max(most);
  return guard;
}

TEST(LossGuard, ComplainsOfWhatIsNotFinite) {
  const LossGuard guard((v1::Guard()));
  EXPECT_EQ(guard.Complaint(2.5, 1.0, {}), "");
  EXPECT_EQ(guard.Complaint(NAN, 1.0, {}), "the loss is nan");
  EXPECT_EQ(guard.Complaint(2.5, INFINITY, {}), "the gradient's norm is inf");
}

TEST(LossGuard, SpikeIsAboveAMultipleOfTheRecentMean) {
  const LossGuard guard(GuardOf(v1::Guard::SKIP, 1.5f, 0));
  std::vector<float> losses(49, 4.0f);
  EXPECT_EQ(guard.Complaint(100, 1, losses), "");  // too few to compare with
  losses.insert(losses.begin(), {9.0f, NAN});
  losses.push_back(NAN);
  EXPECT_EQ(guard.Complaint(6.1, 1, losses), "");  // the mean is 4.1
  EXPECT_NE(guard.Complaint(6.2, 1, losses).find("above 1.5 times 4.1"), std::string::npos);
  EXPECT_EQ(LossGuard((v1::Guard())).Complaint(100, 1, std::vector<float>(60, 4.0f)), "");
}

TEST(LossGuard, SkipsOnlyWhenAskedAndNotForEver) {
  EXPECT_FALSE(LossGuard(GuardOf(v1::Guard::STOP, 0, 3)).MaySkip({}).ok());
  const LossGuard guard(GuardOf(v1::Guard::SKIP, 0, 3));
  EXPECT_TRUE(guard.MaySkip({}).ok());
  EXPECT_TRUE(guard.MaySkip({NAN, NAN, NAN, 4.0f, NAN, NAN}).ok());
  EXPECT_EQ(guard.MaySkip({4.0f, NAN, NAN, NAN}).message(), "guard.skips_max, 3, were left out in a row");
}

TEST(LossGuard, RewindsOnlyWhenAskedAndNotForEver) {
  EXPECT_FALSE(LossGuard(GuardOf(v1::Guard::SKIP, 0, 3)).MayRewind(0).ok());
  v1::Guard guard = GuardOf(v1::Guard::REWIND, 0, 0);
  EXPECT_TRUE(LossGuard(guard).MayRewind(2).ok());
  EXPECT_EQ(LossGuard(guard).MayRewind(3).message(), "guard.rewinds_max, 3, were made before it");
  guard.set_rewinds_max(1);
  EXPECT_FALSE(LossGuard(guard).MayRewind(1).ok());
}

}  // namespace
}  // namespace bonsai
