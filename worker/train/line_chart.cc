#include "worker/train/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace bonsai {
namespace {

constexpr double kSide = 1000;  // of the drawing's own coordinates
constexpr int kXTicks = 6;
constexpr int kYTicks = 5;
constexpr int kLogTicksMax = 6;

std::string Escape(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

// How values become places in the drawing.
struct Frame {
  double x_end, low, high;
  bool logarithmic;

  double X(double x) const { return x_end > 0 ? kSide * x / x_end : 0; }
  double Y(double y) const {
    const double share = logarithmic ? std::log(y / low) / std::log(high / low) : (y - low) / (high - low);
    return kSide * (1 - std::clamp(share, 0.0, 1.0));
  }
};

bool Drawn(const LineChart& chart, double y) { return std::isfinite(y) && (!chart.logarithmic || y > 0); }

// The range that the lines need. Faint ones may stick out, and are cut: a single spike must not flatten the
// rest.
Frame FrameOf(const LineChart& chart) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const ChartLine& line : chart.lines) {
    if (line.style == ChartLine::Style::kFaint && chart.lines.size() > 1) continue;
    for (const ChartPoint& point : line.points) {
      const double y = point.y * chart.scale;
      if (!Drawn(chart, y)) continue;
      low = std::min(low, y);
      high = std::max(high, y);
    }
  }
  if (!(low <= high)) low = chart.logarithmic ? 1 : 0, high = chart.logarithmic ? 10 : 1;
  if (chart.logarithmic) {
    return {chart.x_end, low / 1.1, std::max(high * 1.1, low * 1.5), true};
  }
  if (chart.from_zero) low = std::min(low, 0.0);
  const double room = high > low ? (high - low) * 0.06 : std::max(std::fabs(high) * 0.1, 1e-9);
  return {chart.x_end, chart.from_zero && low == 0 ? 0 : low - room, high + room, false};
}

std::string Number(double value) { return absl::StrFormat("%.1f", value); }

std::string PathOf(const LineChart& chart, const ChartLine& line, const Frame& frame) {
  std::string path;
  bool pen_down = false;
  for (const ChartPoint& point : line.points) {
    const double y = point.y * chart.scale;
    if (!Drawn(chart, y)) {
      pen_down = false;
      continue;
    }
    const std::string x = Number(frame.X(point.x)), at = Number(frame.Y(y));
    switch (line.style) {
      case ChartLine::Style::kDots:  // a stroke of no length, with a round end
        absl::StrAppend(&path, "M", x, " ", at, "h.01");
        break;
      case ChartLine::Style::kBars:
        absl::StrAppend(&path, "M", x, " ", Number(kSide), "V", at);
        break;
      default:
        absl::StrAppend(&path, pen_down ? "L" : "M", x, " ", at);
    }
    pen_down = true;
  }
  return path;
}

const char* ClassOf(ChartLine::Style style) {
  switch (style) {
    case ChartLine::Style::kFaint:
      return "faint";
    case ChartLine::Style::kDots:
      return "dots";
    case ChartLine::Style::kBars:
      return "bars";
    default:
      return "line";
  }
}

// Labels at the left of the chart or below it, each at its share of that side.
std::string Labels(const char* side, const char* property, const std::vector<double>& ticks, double step,
                   const std::vector<double>& shares) {
  std::string html = absl::StrCat("<div class=\"", side, "\" aria-hidden=\"true\">");
  for (size_t i = 0; i < ticks.size(); ++i) {
    absl::StrAppend(&html, "<span style=\"", property, ":", absl::StrFormat("%.2f", 100 * shares[i]), "%\">",
                    TickText(ticks[i], step), "</span>");
  }
  return absl::StrCat(html, "</div>");
}

double StepOf(const std::vector<double>& ticks) { return ticks.size() > 1 ? ticks[1] - ticks[0] : 0; }

std::string Legend(const LineChart& chart) {
  std::string html;
  for (const ChartLine& line : chart.lines) {
    if (line.name.empty()) continue;
    absl::StrAppend(&html, "<li class=\"", line.colour, " ", ClassOf(line.style), "\">", Escape(line.name),
                    "</li>");
  }
  return html.empty() ? "" : absl::StrCat("<ul class=\"legend\">", html, "</ul>");
}

}  // namespace

std::vector<double> RoundTicks(double low, double high, int count) {
  if (!std::isfinite(low) || !std::isfinite(high) || !(low < high) || count < 1) return {};
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * 0.999) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i)
    ticks.push_back(i * step);
  return ticks;
}

std::vector<double> LogTicks(double low, double high) {
  if (!(low > 0) || !std::isfinite(high) || !(low < high)) return {};
  for (const std::vector<double>& factors :
       {std::vector<double>{1, 2, 5}, std::vector<double>{1}, std::vector<double>{}}) {
    std::vector<double> ticks;
    const int first = static_cast<int>(std::floor(std::log10(low)));
    const int last = static_cast<int>(std::ceil(std::log10(high)));
    const int every = factors.empty() ? (last - first) / kLogTicksMax + 1 : 1;
    for (int power = first; power <= last; power += every) {
      for (const double factor : factors.empty() ? std::vector<double>{1} : factors) {
        const double tick = factor * std::pow(10.0, power);
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push_back(tick);
      }
    }
    if (ticks.size() <= kLogTicksMax || factors.empty()) return ticks;
  }
  return {};
}

std::string TickText(double value, double step) {
  const double size = std::fabs(value);
  if (size < 1e-12 || size < step * 1e-6) return "0";
  for (const auto& [unit, name] : {std::pair{1e9, "G"}, std::pair{1e6, "M"}, std::pair{1e4, "k"}}) {
    // Beside "10k" there is no "5,000".
    if (size < unit && !(unit == 1e4 && size >= 1e3 && step >= 2e3)) continue;
    const double by = unit == 1e4 ? 1e3 : unit;
    const int digits = step <= 0 ? 1 : std::clamp(static_cast<int>(-std::floor(std::log10(step / by))), 0, 3);
    return absl::StrCat(absl::StrFormat("%.*f", digits, value / by), name);
  }
  if (size < 1e-3) return absl::StrFormat("%.*g", step > 0 && step < size * 0.099 ? 3 : 2, value);
  if (step <= 0 && size < 1) return absl::StrFormat("%g", value);
  const int digits = step <= 0 ? 0 : std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 6);
  const std::string text = absl::StrFormat("%.*f", digits, value);
  if (size < 1000 || digits > 0) return text;
  return absl::StrCat(text.substr(0, text.size() - 3), ",", text.substr(text.size() - 3));
}

std::string LineChart::ToHtml() const {
  const Frame frame = FrameOf(*this);
  const std::vector<double> y_ticks =
      logarithmic ? LogTicks(frame.low, frame.high) : RoundTicks(frame.low, frame.high, kYTicks);
  const std::vector<double> x_ticks = RoundTicks(0, x_end, kXTicks);
  std::vector<double> x_shares, y_shares;
  for (const double tick : x_ticks) x_shares.push_back(frame.X(tick) / kSide);
  for (const double tick : y_ticks) y_shares.push_back(frame.Y(tick) / kSide);
  std::string svg;
  for (const double share : y_shares) {
    absl::StrAppend(&svg, "<path class=\"grid\" d=\"M0 ", Number(share * kSide), "H1000\"/>");
  }
  for (const double share : x_shares) {
    absl::StrAppend(&svg, "<path class=\"tick\" d=\"M", Number(share * kSide), " 985V1000\"/>");
  }
  for (const ChartMark& mark : marks) {
    absl::StrAppend(&svg, "<path class=\"mark ", mark.colour, "\" d=\"M", Number(frame.X(mark.x)),
                    " 0V1000\"><title>", Escape(mark.what), "</title></path>");
  }
  for (const ChartLine& line : lines) {
    absl::StrAppend(&svg, "<path class=\"", ClassOf(line.style), " ", line.colour, "\" d=\"",
                    PathOf(*this, line, frame), "\"/>");
  }
  return absl::StrCat(
      "<figure><figcaption><h3>", Escape(title), "</h3><span class=\"unit\">", Escape(unit), "</span>",
      Legend(*this), "</figcaption><div class=\"chart\">",
      Labels("y", "top", y_ticks, logarithmic ? 0 : StepOf(y_ticks), y_shares),
      "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"",
      Escape(absl::StrCat(title, ", ", unit, ", by ", x_name)), "\">", svg, "</svg>",
      Labels("x", "left", x_ticks, StepOf(x_ticks), x_shares), "<div class=\"x-name\">", Escape(x_name),
      "</div></div>", note.empty() ? "" : absl::StrCat("<p class=\"note\">", Escape(note), "</p>"),
      "</figure>\n");
}

}  // namespace bonsai
