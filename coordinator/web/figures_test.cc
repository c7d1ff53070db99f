#include "coordinator/web/figures.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(FiguresTest, FiguresStandBelowEachOther) {
  EXPECT_EQ(FormatFigure(0.421), "0.4210");
  EXPECT_EQ(FormatFigure(-0.0125), "-0.0125");
  EXPECT_EQ(FormatFigure(61.5), "61.50");
  EXPECT_EQ(FormatFigure(181.52), "181.5");
  EXPECT_EQ(FormatFigure(15231.4), "15231");
  EXPECT_EQ(FormatFigure(20), "20");
  EXPECT_EQ(FormatFigure(0), "0");
  EXPECT_EQ(FormatFigure(3.14159e-5), "3.14e-05");
}

TEST(FiguresTest, CountsAndBytesTakeTheUnitTheyFit) {
  EXPECT_EQ(FormatCount(842), "842");
  EXPECT_EQ(FormatCount(38400000), "38.4 M");
  EXPECT_EQ(FormatCount(999999), "1 M");
  EXPECT_EQ(FormatBytes(512), "512 B");
  EXPECT_EQ(FormatBytes(uint64_t{3} << 20), "3 MiB");
  EXPECT_EQ(FormatBytes(12000000000), "11.2 GiB");
}

TEST(FiguresTest, TimesAndDurations) {
  EXPECT_EQ(FormatTime(0), "");
  EXPECT_EQ(FormatTime(1764000000000), "2025-11-24 16:00");
  EXPECT_EQ(DurationText(absl::Seconds(12)), "12 s");
  EXPECT_EQ(DurationText(absl::Minutes(30)), "30 min");
  EXPECT_EQ(DurationText(absl::Hours(3)), "3.0 h");
  EXPECT_EQ(DurationText(absl::Seconds(-5)), "0 s");
  EXPECT_EQ(DurationText(absl::InfiniteDuration()), "not known");
}

}  // namespace
}  // namespace bonsai
