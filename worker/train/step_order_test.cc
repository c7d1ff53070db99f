#include "worker/train/step_order.h"

#include <gtest/gtest.h>

#include <set>

namespace bonsai {
namespace {

TEST(StepOrder, WithoutRewindsStepsReadTheirOwnBatch) {
  const StepOrder order;
  for (const uint64_t step : {0, 1, 77}) EXPECT_EQ(order.BatchOf(step), step);
}

TEST(StepOrder, StepsTakenAgainReadWhatFollowsOnTheBadBatch) {
  const StepOrder order({{62, 50}});
  EXPECT_EQ(order.BatchOf(49), 49u);
  EXPECT_EQ(order.BatchOf(50), 63u);
  EXPECT_EQ(order.BatchOf(62), 75u);
  EXPECT_EQ(StepOrder({{5, 0}}).BatchOf(0), 6u);
}

TEST(StepOrder, NoBatchIsReadTwiceOverManyRewinds) {
  // To one place twice, to a later one, and back before all of them.
  const std::vector<Rewind> rewinds = {{12, 10}, {14, 10}, {25, 20}, {21, 20}, {22, 5}};
  StepOrder order;
  std::set<uint64_t> read;
  uint64_t step = 0;
  for (const Rewind& rewind : rewinds) {
    for (; step <= rewind.from; ++step) EXPECT_TRUE(read.insert(order.BatchOf(step)).second) << step;
    order.Add(rewind);
    step = rewind.to;
  }
  for (; step < 40; ++step) EXPECT_TRUE(read.insert(order.BatchOf(step)).second) << step;
  // And none is left out.
  EXPECT_EQ(*read.rbegin() + 1, read.size());
  for (const uint64_t s : {0, 4, 5, 19, 20, 39}) EXPECT_EQ(StepOrder(rewinds).BatchOf(s), order.BatchOf(s));
}

}  // namespace
}  // namespace bonsai
