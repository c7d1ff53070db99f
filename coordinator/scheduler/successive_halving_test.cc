#include "coordinator/scheduler/successive_halving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace bonsai {
namespace {

v1::Sweep Halving() {
  v1::Sweep sweep;
  sweep.set_job("pretrain");
  sweep.set_metric("loss");
  sweep.set_step_field("pretrain.stop_after_steps");
  sweep.add_rung_steps(10);
  sweep.add_rung_steps(30);
  return sweep;
}

TEST(SuccessiveHalvingTest, TheLowestMetricsGoOn) {
  const auto places =
      RankRung(Halving(), 0, 2, {{0, true, 3.0}, {1, true, 1.0}, {2, true, 2.0}, {3, true, 4.0}});
  ASSERT_EQ(places.size(), 4u);
  EXPECT_EQ(places[0].variant, 1u);
  EXPECT_EQ(places[1].variant, 2u);
  EXPECT_TRUE(places[0].goes_on);
  EXPECT_TRUE(places[1].goes_on);
  EXPECT_FALSE(places[2].goes_on);
  EXPECT_EQ(
      places[1].reason,
      "rank 2 of 4 by loss (2) at pretrain.stop_after_steps 10: goes on to pretrain.stop_after_steps 30");
  EXPECT_EQ(places[2].reason,
            "rank 3 of 4 by loss (3) at pretrain.stop_after_steps 10: ends here; the best 2 go on");
}

TEST(SuccessiveHalvingTest, TheHighestMetricsGoOnWhereTheyAreBetter) {
  v1::Sweep sweep = Halving();
  sweep.set_higher_is_better(true);
  const auto places = RankRung(sweep, 0, 1, {{0, true, 3.0}, {1, true, 1.0}, {2, true, 5.0}});
  EXPECT_EQ(places[0].variant, 2u);
  EXPECT_EQ(places[2].variant, 1u);
}

TEST(SuccessiveHalvingTest, EqualsKeepTheirOrderAndTheRestComesLast) {
  const auto places = RankRung(
      Halving(), 0, 9,
      {{4, true, std::nullopt}, {3, false, 0.5}, {2, true, 1.0}, {1, true, 1.0}, {0, true, std::nan("")}});
  std::vector<uint32_t> variants;
  for (const RungPlace& place : places) variants.push_back(place.variant);
  EXPECT_THAT(variants, testing::ElementsAre(1, 2, 0, 3, 4));
  EXPECT_EQ(places[1].rank, 2u);
  for (size_t i : {2u, 3u, 4u}) {
    EXPECT_EQ(places[i].rank, 0u);
    EXPECT_FALSE(places[i].goes_on);
  }
  EXPECT_EQ(places[3].reason, "") << "a failed one keeps its own reason";
  EXPECT_THAT(places[2].reason, testing::HasSubstr("reported no loss"));
}

TEST(SuccessiveHalvingTest, TheLastRungHasAResult) {
  v1::Sweep sweep;
  sweep.set_metric("validation_loss");
  const auto places = RankRung(sweep, 0, 1, {{0, true, 3.25}, {1, true, 1.5}});
  EXPECT_EQ(places[0].reason, "rank 1 of 2 by validation_loss (1.5): the sweep's result");
  EXPECT_EQ(places[1].reason, "rank 2 of 2 by validation_loss (3.25)");
}

}  // namespace
}  // namespace bonsai
