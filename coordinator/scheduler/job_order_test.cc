#include "coordinator/scheduler/job_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(JobOrderTest, PutsEveryJobAfterItsNeedsAndElseKeepsTheOrderGiven) {
  EXPECT_THAT(TopologicalOrder({}), IsEmpty());
  EXPECT_THAT(TopologicalOrder({{}, {}, {}}), ElementsAre(0, 1, 2));
  EXPECT_THAT(TopologicalOrder({{2}, {}, {1}}), ElementsAre(1, 2, 0));
  EXPECT_THAT(TopologicalOrder({{1, 1}, {}}), ElementsAre(1, 0));
}

TEST(JobOrderTest, LeavesOutACircleAndWhatIsBehindIt) {
  EXPECT_THAT(TopologicalOrder({{}, {2}, {1}, {2}}), ElementsAre(0));
}

TEST(JobOrderTest, FindsACircleInTheOrderOfNeeds) {
  EXPECT_THAT(FindCycle({{1}, {}}), IsEmpty());
  EXPECT_THAT(FindCycle({{0}}), ElementsAre(0));
  EXPECT_THAT(FindCycle({{}, {2}, {3}, {1}}), ElementsAre(1, 2, 3));
  EXPECT_THAT(FindCycle({{1}, {2}, {1}}), ElementsAre(1, 2)) << "job 0 is behind the circle, not in it";
}

}  // namespace
}  // namespace bonsai
