#include "client/figures.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(FiguresTest, GroupsCountsByThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
}

TEST(FiguresTest, GivesBytesTheUnitThatFits) {
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(FormatBytes(12900000), "12.3 MiB");
  EXPECT_EQ(FormatBytes(std::numeric_limits<uint64_t>::max()), "16.0 EiB");
}

TEST(FiguresTest, GivesDurationsTwoUnits) {
  EXPECT_EQ(FormatSeconds(-3), "0.0s");
  EXPECT_EQ(FormatSeconds(0.42), "0.4s");
  EXPECT_EQ(FormatSeconds(9.96), "10s");
  EXPECT_EQ(FormatSeconds(59.6), "1m00s");
  EXPECT_EQ(FormatSeconds(185), "3m05s");
  EXPECT_EQ(FormatSeconds(7380), "2h03m");
  EXPECT_EQ(FormatSeconds(4 * 86400 + 7200), "4d02h");
}

TEST(FiguresTest, ShortensRates) {
  EXPECT_EQ(FormatRate(0.5312), "0.53");
  EXPECT_EQ(FormatRate(12.34), "12.3");
  EXPECT_EQ(FormatRate(843.2), "843");
  EXPECT_EQ(FormatRate(12345), "12.3k");
  EXPECT_EQ(FormatRate(1234567), "1.2M");
}

TEST(FiguresTest, GivesValuesFourDigits) {
  EXPECT_EQ(FormatValue(4.2134), "4.213");
  EXPECT_EQ(FormatValue(0.20561), "0.2056");
  EXPECT_EQ(FormatValue(0.00123), "0.001230");
  EXPECT_EQ(FormatValue(1.2e-9), "1.2e-09");
  EXPECT_EQ(FormatValue(123.45), "123.5");
  EXPECT_EQ(FormatValue(0), "0.0000");
}

TEST(FiguresTest, NamesWhatIsNotANumber) {
  const double nan = std::nan("");
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(FormatValue(nan), "NaN");
  EXPECT_EQ(FormatValue(-infinite), "-inf");
  EXPECT_EQ(FormatRate(nan), "NaN");
  EXPECT_EQ(FormatSeconds(infinite), "inf");
}

}  // namespace
}  // namespace bonsai
