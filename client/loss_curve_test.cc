#include "client/loss_curve.h"

#include <cmath>

#include "client/text_layout.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Sample SampleOf(uint64_t step, double loss) {
  v1::Sample sample;
  sample.set_step(step);
  v1::Metric* metric = sample.add_metrics();
  metric->set_name("grad_norm");
  metric->set_value(1);
  metric = sample.add_metrics();
  metric->set_name("loss");
  metric->set_value(loss);
  return sample;
}

TEST(LossCurve, DrawsAFallFromTheTopLeftToTheBottomRight) {
  LossCurve curve;
  for (int step = 0; step <= 100; ++step) curve.Add(SampleOf(step, 8 - step * 0.04));
  // The first tenth is cut at the top.
  EXPECT_THAT(curve.Render(14, 2), ElementsAre("7.600 ⠉⠑⠢⢄⡀⠀⠀⠀", "4.000 ⠀⠀⠀⠀⠈⠑⠢⢄"));
  for (const std::string& line : curve.Render(40, 3)) EXPECT_EQ(DisplayWidth(line), 40u);
}

TEST(LossCurve, NeedsTwoPointsAndSomeRoom) {
  LossCurve curve;
  EXPECT_THAT(curve.Render(40, 2), IsEmpty());
  curve.Add(SampleOf(1, 4));
  curve.Add(SampleOf(2, NAN));
  EXPECT_FALSE(curve.drawable());
  curve.Add(SampleOf(3, 4));
  EXPECT_THAT(curve.Render(11, 2), IsEmpty());
  EXPECT_THAT(curve.Render(40, 0), IsEmpty());
  EXPECT_EQ(curve.Render(12, 1).size(), 1u);  // all values are one
}

TEST(LossCurve, PassesOverLossesWhoseDifferencesAreNoNumbers) {
  LossCurve curve, sane;
  int step = 0;
  for (const double loss : {1.7e308, -1.7e308, 1e300, -HUGE_VAL}) curve.Add(SampleOf(++step, loss));
  EXPECT_FALSE(curve.drawable());
  while (++step < 10) {
    for (LossCurve* one : {&curve, &sane}) one->Add(SampleOf(step, step % 2 == 0 ? 9e299 : -9e299));
  }
  EXPECT_EQ(curve.Render(40, 2), sane.Render(40, 2));
  EXPECT_EQ(curve.Render(40, 2).size(), 2u);
}

TEST(LossCurve, ARunThatGoesBackForgetsWhatCameAfter) {
  LossCurve curve, straight;
  for (const int step : {0, 10, 20, 30}) curve.Add(SampleOf(step, 5));
  curve.Add(SampleOf(20, 5));
  for (const int step : {0, 10, 20}) straight.Add(SampleOf(step, 5));
  curve.Add(SampleOf(40, 1));
  straight.Add(SampleOf(40, 1));
  EXPECT_EQ(curve.Render(30, 2), straight.Render(30, 2));
}

TEST(LossCurve, TakesTheLogOfEarlierSamplesInFrontOfTheNewest) {
  LossCurve curve, whole;
  for (const int step : {1, 2, 3, 4}) whole.Add(SampleOf(step, 5 - step));
  curve.Add(SampleOf(4, 1));
  curve.AddEarlier(
      "{\"step\":\"1\",\"metrics\":[{\"name\":\"loss\",\"value\":4}]}\nno sample\n"
      "{\"step\":\"2\",\"metrics\":[{\"name\":\"loss\",\"value\":3}],\"new\":1}\n"
      "{\"step\":\"3\",\"metrics\":[{\"name\":\"loss\",\"value\":2}]}\n"
      "{\"step\":\"4\",\"metrics\":[{\"name\":\"loss\",\"value\":\"NaN\"}]}\n{\"step\":\"5\"");
  EXPECT_EQ(curve.Render(30, 3), whole.Render(30, 3));
}

TEST(LossCurve, StaysBounded) {
  LossCurve curve;
  for (uint64_t step = 0; step < 5 * LossCurve::kPointsMax; ++step) {
    curve.Add(SampleOf(step, 1 + 1 / (1 + static_cast<double>(step))));
  }
  EXPECT_EQ(curve.Render(60, 2).size(), 2u);
}

}  // namespace
}  // namespace bonsai
