#include "coordinator/web/sample_series.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::string Line(uint64_t step, double loss) {
  return absl::StrCat("{\"step\":\"", step, "\",\"metrics\":[{\"name\":\"loss\",\"value\":", loss, "}]}");
}

TEST(SampleSeriesTest, ALaterAttemptReplacesWhatItRepeats) {
  SampleSeries series;
  series.StartAttempt();
  for (uint64_t step = 1; step <= 6; ++step) EXPECT_TRUE(series.AddLine(Line(step, 10)));
  series.StartAttempt();
  for (uint64_t step = 4; step <= 5; ++step) EXPECT_TRUE(series.AddLine(Line(step, 2)));
  EXPECT_EQ(TableCsv(series.ToTable("p1/j")), "step,loss\r\n1,10\r\n2,10\r\n3,10\r\n4,2\r\n5,2\r\n");
}

TEST(SampleSeriesTest, IgnoresLinesThatAreNoSamples) {
  SampleSeries series;
  EXPECT_FALSE(series.AddLine(""));
  EXPECT_FALSE(series.AddLine("{\"note\": \"cut here\"}"));
  EXPECT_FALSE(series.AddLine("{\"step\":\"1\",\"metr"));
  EXPECT_TRUE(series.AddLine("{\"step\":\"1\",\"metrics\":[{\"name\":\"loss\",\"value\":\"NaN\"}]}"));
  EXPECT_EQ(TableCsv(series.ToTable("p1/j")), "step\r\n1\r\n");
}

TEST(SampleSeriesTest, KeepsABoundedNumberOfStepsWithTheFirstAndTheLast) {
  SampleSeries series;
  for (uint64_t step = 0; step < 5000; ++step) series.AddLine(Line(step, static_cast<double>(step)));
  const Table table = series.ToTable("p1/j");
  EXPECT_LE(table.rows.size(), kSeriesPointsMax + 1);
  EXPECT_GT(table.rows.size(), kSeriesPointsMax / 2);
  EXPECT_EQ(table.rows.front().cells[0].text, "0");
  EXPECT_EQ(table.rows.back().cells[0].text, "4999");
}

TEST(SampleSeriesTest, BoundsTheNumberOfMetrics) {
  SampleSeries series;
  for (int i = 0; i < 100; ++i) {
    series.AddLine(absl::StrCat("{\"step\":\"", i, "\",\"metrics\":[{\"name\":\"m", i, "\",\"value\":1}]}"));
  }
  EXPECT_EQ(series.ToTable("p1/j").columns.size(), kSeriesMetricsMax + 1);
}

}  // namespace
}  // namespace bonsai
