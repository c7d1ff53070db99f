#include "edge_runtime/farm/speed_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::ElementsAre;

TEST(SpeedStatistics, KeepsAllOfAQuietSeries) {
  const v1::Distribution result = SummarizeRuns({10, 12, 11, 13});
  EXPECT_THAT(result.kept(), ElementsAre(10, 12, 11, 13));
  EXPECT_THAT(result.dropped(), ElementsAre());
  EXPECT_DOUBLE_EQ(result.mean(), 11.5);
  EXPECT_DOUBLE_EQ(result.median(), 11.5);
  EXPECT_NEAR(result.standard_deviation(), 1.2909944, 1e-6);
}

TEST(SpeedStatistics, DropsWhatLiesBeyondTheRule) {
  // Median 11, deviations 1 0 1 1 89: MAD 1; the score of 100 is 60, that of 17 would be 4.05.
  const v1::Distribution result = SummarizeRuns({10, 11, 12, 10, 100});
  EXPECT_THAT(result.dropped(), ElementsAre(100));
  EXPECT_DOUBLE_EQ(result.mean(), 10.75);
  EXPECT_THAT(SummarizeRuns({10, 11, 12, 10, 16}).dropped(), ElementsAre());
  EXPECT_THAT(SummarizeRuns({10, 11, 12, 10, 17}).dropped(), ElementsAre(17));
}

TEST(SpeedStatistics, KeepsAllIfMostAreEqualAndForOneRun) {
  EXPECT_THAT(SummarizeRuns({5, 5, 5, 9}).dropped(), ElementsAre());
  const v1::Distribution one = SummarizeRuns({7});
  EXPECT_DOUBLE_EQ(one.mean(), 7);
  EXPECT_DOUBLE_EQ(one.median(), 7);
  EXPECT_DOUBLE_EQ(one.standard_deviation(), 0);
}

}  // namespace
}  // namespace bonsai
