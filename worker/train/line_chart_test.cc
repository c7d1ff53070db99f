#include "worker/train/line_chart.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bonsai {
namespace {

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> Texts(const std::vector<double>& ticks) {
  std::vector<std::string> texts;
  for (const double tick : ticks) texts.push_back(TickText(tick, ticks.size() > 1 ? ticks[1] - ticks[0] : 0));
  return texts;
}

TEST(LineChart, TicksAreRoundAndWithinTheRange) {
  EXPECT_EQ(Texts(RoundTicks(0, 1500, 6)), (std::vector<std::string>{"0", "500", "1,000", "1,500"}));
  EXPECT_EQ(Texts(RoundTicks(3.9, 8.4, 5)), (std::vector<std::string>{"4", "5", "6", "7", "8"}));
  EXPECT_EQ(Texts(RoundTicks(0.31, 0.37, 5)), (std::vector<std::string>{"0.32", "0.34", "0.36"}));
  EXPECT_EQ(Texts(RoundTicks(0, 0.003, 5)), (std::vector<std::string>{"0", "0.001", "0.002", "0.003"}));
  EXPECT_EQ(Texts(RoundTicks(0, 52000, 5)), (std::vector<std::string>{"0", "20k", "40k"}));
  EXPECT_EQ(Texts(RoundTicks(-1, 1, 4)), (std::vector<std::string>{"-1.0", "-0.5", "0", "0.5", "1.0"}));
  EXPECT_EQ(Texts(RoundTicks(0, 16000, 4)), (std::vector<std::string>{"0", "5k", "10k", "15k"}));
  EXPECT_EQ(TickText(0.2, 0), "0.2");
  EXPECT_TRUE(RoundTicks(1, 1, 5).empty());
  EXPECT_TRUE(RoundTicks(NAN, 1, 5).empty());
  EXPECT_EQ(LogTicks(0.15, 12), (std::vector<double>{0.2, 0.5, 1, 2, 5, 10}));
  EXPECT_EQ(LogTicks(0.5, 2e4), (std::vector<double>{1, 10, 100, 1000, 10000}));
  EXPECT_LE(LogTicks(1e-9, 1e9).size(), 7u);
  EXPECT_TRUE(LogTicks(0, 1).empty());
}

TEST(LineChart, DrawsWhatIsANumberAndLeavesGaps) {
  LineChart chart;
  chart.title = "loss <raw>";
  chart.unit = "nats";
  chart.x_end = 4;
  chart.lines = {{"train", "c1", ChartLine::Style::kLine, {{0, 1}, {1, 2}, {2, NAN}, {3, 1}, {4, 2}}}};
  chart.marks = {{2, "bad", "step 2 \"skipped\""}};
  const std::string html = chart.ToHtml();
  EXPECT_TRUE(Has(html, "<h3>loss &lt;raw&gt;</h3>"));
  EXPECT_TRUE(Has(html, "d=\"M0.0 946.4L250.0 53.6M750.0 946.4L1000.0 53.6\"")) << html;
  EXPECT_TRUE(Has(html, "<title>step 2 &quot;skipped&quot;</title>"));
  EXPECT_FALSE(Has(html, "nan"));
  EXPECT_TRUE(Has(html, "left:50.00%\">2</span>"));
}

TEST(LineChart, ASpikeOfAFaintLineIsCutAndLogarithmsNeedPositiveValues) {
  LineChart chart;
  chart.x_end = 2;
  chart.lines = {{"raw", "c1", ChartLine::Style::kFaint, {{0, 1}, {1, 1e9}, {2, 2}}},
                 {"mean", "c1", ChartLine::Style::kLine, {{0, 1}, {2, 2}}}};
  EXPECT_TRUE(Has(chart.ToHtml(), "L500.0 0.0L"));
  chart.logarithmic = true;
  chart.lines = {{"norm", "c2", ChartLine::Style::kLine, {{0, 0}, {1, 10}, {2, INFINITY}}}};
  EXPECT_TRUE(Has(chart.ToHtml(), "d=\"M500.0 "));
  chart.lines.clear();
  EXPECT_FALSE(Has(chart.ToHtml(), "nan"));
}

}  // namespace
}  // namespace bonsai
