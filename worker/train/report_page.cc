#include "worker/train/report_page.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "worker/train/line_chart.h"
#include "worker/train/run_figures.h"

namespace bonsai {
namespace {

constexpr size_t kRawPoints = 1000;
constexpr size_t kSmoothPoints = 150;
constexpr size_t kMarksMax = 200;
constexpr char kStyle[] =
#include "worker/train/page_style.inc"
    ;

std::string Escape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

// Means of `stride` losses each, at the middle of their steps; without those that were left out.
std::vector<ChartPoint> Means(const std::vector<float>& losses, size_t stride) {
  std::vector<ChartPoint> points;
  for (size_t first = 0; first < losses.size(); first += stride) {
    const size_t end = std::min(losses.size(), first + stride);
    double sum = 0, count = 0;
    for (size_t i = first; i < end; ++i) {
      if (!std::isfinite(losses[i])) continue;
      sum += losses[i];
      ++count;
    }
    points.push_back({static_cast<double>(first + 1 + end) / 2, sum / count});
  }
  return points;
}

size_t StrideFor(size_t steps, size_t points) { return std::max<size_t>(1, (steps + points - 1) / points); }

std::string Steps(size_t count) {
  return count == 1 ? "each step" : absl::StrCat("mean of ", count, " steps");
}

// What happened to the run, on every chart.
std::vector<ChartMark> MarksOf(const TrainOutcome& outcome) {
  std::vector<ChartMark> marks;
  for (const Rewind& r : outcome.state.record.rewinds) {
    marks.push_back({static_cast<double>(r.from + 1), "rewind",
                     absl::StrCat("step ", r.from + 1, ": back to step ", r.to)});
  }
  const std::vector<float>& losses = outcome.state.losses;
  for (size_t i = 0; i < losses.size() && marks.size() < kMarksMax; ++i) {
    if (std::isnan(losses[i])) {
      marks.push_back({static_cast<double>(i + 1), "skip", absl::StrCat("step ", i + 1, ": left out")});
    }
  }
  return marks;
}

using Field = double RunRecord::Point::*;

LineChart ChartOf(const TrainOutcome& outcome, const char* title, const char* unit, Field field,
                  const char* colour, ChartLine::Style style = ChartLine::Style::kLine) {
  LineChart chart;
  chart.title = title;
  chart.unit = unit;
  chart.x_end = static_cast<double>(outcome.state.step);
  chart.marks = MarksOf(outcome);
  ChartLine line = {"", colour, style, {}};
  for (const RunRecord::Point& point : outcome.state.record.points) {
    line.points.push_back({static_cast<double>(point.step), point.*field});
  }
  chart.lines.push_back(std::move(line));
  return chart;
}

// A strong line of means over the line, which becomes a thin one.
void Smooth(LineChart& chart) {
  const std::vector<ChartPoint>& raw = chart.lines[0].points;
  const size_t stride = StrideFor(raw.size(), kSmoothPoints);
  if (stride == 1) return;
  ChartLine smooth = {"", chart.lines[0].colour, ChartLine::Style::kLine, {}};
  for (size_t first = 0; first < raw.size(); first += stride) {
    ChartPoint mean;
    double count = 0;
    for (size_t i = first; i < std::min(raw.size(), first + stride); ++i) {
      if (!std::isfinite(raw[i].y)) continue;
      mean.x += raw[i].x;
      mean.y += raw[i].y;
      ++count;
    }
    if (count > 0) smooth.points.push_back({mean.x / count, mean.y / count});
  }
  chart.lines[0].style = ChartLine::Style::kFaint;
  chart.lines.push_back(std::move(smooth));
  chart.note = absl::StrCat("Strong line: mean of ", stride, " measurements.");
}

LineChart LossChart(const TrainOutcome& outcome) {
  const TrainState& state = outcome.state;
  LineChart chart;
  chart.title = "Loss";
  chart.unit = "nats per token";
  chart.x_end = static_cast<double>(state.step);
  chart.marks = MarksOf(outcome);
  const size_t raw = StrideFor(state.losses.size(), kRawPoints);
  const size_t smooth = StrideFor(state.losses.size(), kSmoothPoints);
  chart.note = smooth == raw ? absl::StrCat("Training: ", Steps(raw), ".")
                             : absl::StrCat("Training: strong line ", Steps(smooth), "; thin line ",
                                            Steps(raw), ", cut where it leaves the chart.");
  chart.lines.push_back({"", "c1", ChartLine::Style::kFaint, Means(state.losses, raw)});
  chart.lines.push_back({"training", "c1", ChartLine::Style::kLine, Means(state.losses, smooth)});
  ChartLine line = {"validation", "c2", ChartLine::Style::kLine, {}};
  for (const RunRecord::Validation& v : state.record.validations)
    line.points.push_back({static_cast<double>(v.step), v.loss});
  if (line.points.empty()) return chart;
  absl::StrAppend(&chart.note, " Validation: measured at the dots.");
  ChartLine dots = line;
  dots.name.clear();
  dots.style = ChartLine::Style::kDots;
  chart.lines.push_back(std::move(line));
  if (dots.points.size() <= 60) chart.lines.push_back(std::move(dots));
  if (state.record.best) {
    const RunRecord::Validation& best = *state.record.best;
    chart.lines.push_back({absl::StrCat("the model: step ", best.step),
                           "best",
                           ChartLine::Style::kDots,
                           {{static_cast<double>(best.step), best.loss}}});
  }
  return chart;
}

// Over a range of more than this, a logarithm shows more.
constexpr double kLogRange = 20;

LineChart NormChart(const TrainOutcome& outcome) {
  LineChart chart =
      ChartOf(outcome, "Gradient norm", "L2, before clipping", &RunRecord::Point::gradient_norm, "c3");
  double low = INFINITY, high = 0;
  for (const ChartPoint& point : chart.lines[0].points) {
    if (!std::isfinite(point.y) || point.y <= 0) continue;
    low = std::min(low, point.y);
    high = std::max(high, point.y);
  }
  chart.logarithmic = high > kLogRange * low;
  chart.from_zero = !chart.logarithmic;
  if (chart.logarithmic) absl::StrAppend(&chart.unit, ", logarithmic");
  Smooth(chart);
  return chart;
}

std::string Charts(const TrainOutcome& outcome) {
  LineChart rate = ChartOf(outcome, "Learning rate", "AdamW's", &RunRecord::Point::learning_rate, "c4");
  LineChart speed =
      ChartOf(outcome, "Speed", "tokens per second, all ranks", &RunRecord::Point::tokens_per_second, "c1");
  LineChart use = ChartOf(outcome, "Utilization", "% of the peak in matrix products",
                          &RunRecord::Point::utilization, "c2");
  LineChart stall = ChartOf(outcome, "Checkpoint stalls", "milliseconds since the point before",
                            &RunRecord::Point::checkpoint_stall_seconds, "c3", ChartLine::Style::kBars);
  use.scale = 100;
  stall.scale = 1000;
  for (LineChart* chart : {&rate, &speed, &use, &stall}) chart->from_zero = true;
  Smooth(speed);
  Smooth(use);
  auto& bars = stall.lines[0].points;
  bars.erase(std::remove_if(bars.begin(), bars.end(), [](const ChartPoint& p) { return p.y <= 0; }),
             bars.end());
  std::string html = "<section class=\"charts\">\n";
  absl::StrAppend(&html, LossChart(outcome).ToHtml(), NormChart(outcome).ToHtml(), rate.ToHtml(),
                  speed.ToHtml(), use.ToHtml(), stall.ToHtml());
  return absl::StrCat(html, "</section>\n");
}

std::string MarkLegend(const TrainOutcome& outcome) {
  bool skips = false;
  for (const float loss : outcome.state.losses) skips = skips || std::isnan(loss);
  const bool rewinds = !outcome.state.record.rewinds.empty();
  if (!skips && !rewinds) return "";
  return absl::StrCat("<ul class=\"legend\" style=\"margin:0 0 1rem\">",
                      rewinds ? "<li class=\"mark rewind\">the run went back from here</li>" : "",
                      skips ? "<li class=\"mark skip\">an update was left out</li>" : "", "</ul>\n");
}

std::string Table(const char* title, const std::vector<FigureRow>& rows) {
  std::string html = absl::StrCat("<div><h2>", title, "</h2><table><tbody>\n");
  for (const FigureRow& row : rows) {
    absl::StrAppend(&html, "<tr><th scope=\"row\">", Escape(row.name), "</th><td>", Escape(row.value),
                    "</td></tr>\n");
  }
  return absl::StrCat(html, "</tbody></table></div>\n");
}

std::string EstimateTable(const std::vector<EstimateRow>& rows) {
  std::string html =
      "<div><h2>Estimate and outcome</h2><table><thead><tr><th></th><th>estimated</th><th>came to</th>"
      "<th>estimated / actual</th></tr></thead><tbody>\n";
  for (const EstimateRow& row : rows) {
    absl::StrAppend(&html, "<tr><th scope=\"row\">", Escape(row.name), "</th><td>", Escape(row.predicted),
                    "</td><td>", Escape(row.actual), "</td><td>",
                    row.ratio > 0 ? absl::StrFormat("%.2f", row.ratio) : "-", "</td></tr>\n");
  }
  return absl::StrCat(html, "</tbody></table></div>\n");
}

std::string Heads(const std::vector<FigureRow>& rows) {
  std::string html = "<dl class=\"heads\">";
  for (const FigureRow& row : rows) {
    // "3 min 05 s" stays together.
    const size_t first_space = row.value.find(' ');
    const bool one_unit = first_space == row.value.rfind(' ');
    const size_t space = one_unit ? first_space : std::string::npos;
    const std::string number = row.value.substr(0, space);
    const std::string unit = space == std::string::npos ? "" : row.value.substr(space + 1);
    absl::StrAppend(&html, "<div><dt>", Escape(row.name), "</dt><dd>", Escape(number), " <small>",
                    Escape(unit), "</small></dd></div>");
  }
  return absl::StrCat(html, "</dl>\n");
}

}  // namespace

std::string RenderReportPage(absl::string_view job_id, const TrainOutcome& outcome,
                             const TrainingPlan& plan) {
  const RunFigures figures = FiguresOf(outcome, plan);
  return absl::StrCat(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Training of ",
      Escape(job_id), "</title><style>", kStyle, "</style></head><body><main>\n<header><h1>Training of ",
      Escape(job_id), "</h1><p class=\"lede\">", Escape(figures.summary), "</p>", Heads(figures.heads),
      "</header>\n<h2>Over the steps</h2>\n", MarkLegend(outcome), Charts(outcome),
      "<div class=\"tables\">\n", Table("The run", figures.run), EstimateTable(figures.estimate),
      Table("The model", figures.model), "</div>\n<footer>", Escape(figures.footnote),
      "</footer>\n</main></body></html>\n");
}

}  // namespace bonsai
