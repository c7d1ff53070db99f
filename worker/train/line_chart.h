// A chart of lines over steps, as HTML with an inline SVG: the drawing stretches with the page, its labels
// are text beside it and keep their size. Ticks stand at round values. Its colours and sizes are the page's
// (report_page.cc).
//
// Pure.
#ifndef BONSAI_WORKER_TRAIN_LINE_CHART_H_
#define BONSAI_WORKER_TRAIN_LINE_CHART_H_

#include <string>
#include <vector>

namespace bonsai {

struct ChartPoint {
  double x = 0;
  double y = 0;  // not finite: a gap
};

struct ChartLine {
  enum class Style { kLine, kFaint, kDots, kBars };
  std::string name;    // in the legend
  std::string colour;  // a class of the page: "c1"
  Style style = Style::kLine;
  std::vector<ChartPoint> points;  // x increasing
};

// Something that happened at a step: a thin line over the chart's height.
struct ChartMark {
  double x = 0;
  std::string colour;
  std::string what;  // its tooltip
};

struct LineChart {
  std::string title;
  std::string unit;  // of y: "nats per token"
  std::string note;  // how the lines were made: "mean of 8 steps"
  std::string x_name = "step";
  double x_end = 0;  // x goes from 0 to here
  bool from_zero = false;
  bool logarithmic = false;  // of y; values of 0 and below are gaps
  double scale = 1;          // y is multiplied by this: 100 for per cent
  std::vector<ChartLine> lines;
  std::vector<ChartMark> marks;

  std::string ToHtml() const;
};

// Values from 1, 2 or 5 times a power of ten apart that cover [low, high] within it, about `count` of them.
// Empty unless low < high are finite.
std::vector<double> RoundTicks(double low, double high, int count);
// Powers of ten within [low, high], or with 2 and 5 times these where they are few; low above 0.
std::vector<double> LogTicks(double low, double high);

// A tick as text, as exact as a step of that size asks for: "0.25", "1,500", "12k", "3.4M", "3e-04".
std::string TickText(double value, double step);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_LINE_CHART_H_
