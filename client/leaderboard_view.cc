#include "client/leaderboard_view.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "client/figures.h"
#include "client/text_layout.h"
#include "client/text_table.h"

namespace bonsai {
namespace {

constexpr char kNotMeasured[] = "not measured";
constexpr size_t kShortIdDigits = 12;

std::string Rate(bool measured, const v1::Distribution& rate) {
  return measured ? FormatRate(rate.median()) : kNotMeasured;
}

// A heading and its text, wrapped behind it.
std::string Paragraph(const std::string& heading, const std::string& text, size_t width) {
  constexpr size_t kIndent = 17;
  std::string lines;
  std::string start = PadToWidth(absl::StrCat("  ", heading), kIndent);
  for (const std::string& line : WrapText(Printable(text), width > kIndent + 20 ? width - kIndent : 20)) {
    absl::StrAppend(&lines, start, line, "\n");
    start.assign(kIndent, ' ');
  }
  return lines;
}

// "2.211 (floor 2.340)".
std::string WithFloor(const v1::MetricResult& metric) {
  return absl::StrCat(FormatValue(metric.value()),
                      metric.has_floor() ? absl::StrCat(" (floor ", FormatValue(metric.floor()), ")") : "");
}

// "18.5": points are whole or halves, or thirds of a tie.
std::string Points(double points) { return absl::StrFormat("%.4g", points); }

// "-" for a submission that has no place: it was replaced, or lacks what its track ranks by.
std::string Rank(const v1::LeaderboardRow& row) { return row.rank() == 0 ? "-" : absl::StrCat(row.rank()); }

bool HasPoints(const v1::GetLeaderboardResponse& response) {
  return std::any_of(response.rows().begin(), response.rows().end(),
                     [](const v1::LeaderboardRow& row) { return !row.points().empty(); });
}

std::string Ranking(const v1::GetLeaderboardResponse& response, size_t width) {
  const bool points = HasPoints(response);
  std::vector<std::vector<std::string>> rows;
  for (const v1::LeaderboardRow& row : response.rows()) {
    std::vector<std::string> scores;
    for (const v1::SuiteResult& suite : row.suites()) {
      if (suite.metrics().empty()) continue;
      const v1::MetricResult& metric = suite.metrics(0);
      scores.push_back(absl::StrCat(suite.suite() == metric.name() ? "" : absl::StrCat(suite.suite(), " "),
                                    metric.name(), " ", WithFloor(metric)));
    }
    std::vector<std::string> cells = {row.track(), Rank(row), row.name(), FormatCount(row.parameters())};
    if (points) {
      cells.push_back(row.points().empty() ? "" : Points(row.points_total()));
      cells.push_back(row.has_geometric_mean() ? FormatValue(row.geometric_mean()) : "");
    }
    cells.push_back(scores.empty() ? kNotMeasured : absl::StrJoin(scores, ", "));
    rows.push_back(std::move(cells));
  }
  std::vector<TableColumn> columns = {{"TRACK"}, {"RANK", true}, {"NAME"}, {"PARAMETERS", true}};
  if (points) {
    columns.push_back({"POINTS", true});
    columns.push_back({"GEO MEAN", true});
  }
  columns.push_back({"SCORES"});
  return RenderTable(columns, rows, 0, width);
}

std::string Scores(const v1::LeaderboardRow& row, size_t width) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::SuiteResult& suite : row.suites()) {
    const std::string rules = absl::StrCat(suite.profile(), suite.profile().empty() ? "" : ", ",
                                           FormatCount(suite.documents()), " documents");
    for (const v1::MetricResult& metric : suite.metrics()) {
      rows.push_back({suite.suite(), metric.name(), FormatValue(metric.value()),
                      metric.has_stderr() ? FormatValue(metric.stderr()) : "",
                      metric.lower_is_better() ? "lower" : "higher",
                      metric.has_floor() ? FormatValue(metric.floor()) : "none",
                      absl::StrCat(metric.floor_name(), metric.floor_name().empty() ? "" : "; ", rules)});
    }
  }
  if (rows.empty()) return Paragraph("scores", kNotMeasured, width);
  return RenderTable({{"SUITE"},
                      {"METRIC"},
                      {"VALUE", true},
                      {"STDERR", true},
                      {"BETTER"},
                      {"FLOOR", true},
                      {"FLOOR IS; WHOSE RULES"}},
                     rows, 2, width);
}

std::string Devices(const v1::LeaderboardRow& row, size_t width) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::BenchmarkReport& report : row.benchmarks()) {
    rows.push_back(
        {absl::StrCat(report.target(), report.emulated() ? " (emulated)" : ""),
         Rate(report.has_prefill_tokens_per_second(), report.prefill_tokens_per_second()),
         Rate(report.has_decode_tokens_per_second(), report.decode_tokens_per_second()),
         report.has_peak_memory_bytes() ? FormatBytes(report.peak_memory_bytes()) : kNotMeasured,
         FormatBytes(report.bundle_bytes()),
         absl::StrCat(report.output_matches_reference() ? "equal" : "DIFFERS",
                      report.output_comparison().empty() ? "" : ": ", report.output_comparison())});
  }
  if (rows.empty()) return Paragraph("devices", kNotMeasured, width);
  return RenderTable({{"TARGET"},
                      {"PREFILL TOK/S", true},
                      {"DECODE TOK/S", true},
                      {"PEAK MEMORY", true},
                      {"BUNDLE", true},
                      {"OUTPUT"}},
                     rows, 2, width);
}

std::string DeviceNotes(const v1::LeaderboardRow& row, size_t width) {
  std::string text;
  for (const v1::BenchmarkReport& report : row.benchmarks()) {
    std::vector<std::string> notes;
    if (report.has_decode_tokens_per_second()) {
      const v1::Distribution& rate = report.decode_tokens_per_second();
      notes.push_back(absl::StrCat(
          "decode: median of ", rate.kept_size(), " runs, deviation ", FormatRate(rate.standard_deviation()),
          ", ", rate.dropped_size(), " dropped as outliers",
          report.outlier_rule().empty() ? "" : absl::StrCat(" (", report.outlier_rule(), ")")));
    }
    for (const std::string& why : report.not_measured()) notes.push_back(absl::StrCat("not measured: ", why));
    if (!notes.empty()) absl::StrAppend(&text, Paragraph(report.target(), absl::StrJoin(notes, "; "), width));
  }
  return text;
}

std::string Rules(const v1::LeaderboardRow& row) {
  std::vector<std::string> rules;
  for (const v1::RuleResult& rule : row.rules()) {
    rules.push_back(absl::StrCat(rule.rule(), rule.passed() ? " holds" : " BROKEN",
                                 rule.why().empty() ? "" : absl::StrCat(" (", rule.why(), ")")));
  }
  return rules.empty() ? "none were checked" : absl::StrJoin(rules, "; ");
}

std::string PointsOf(const v1::LeaderboardRow& row) {
  std::vector<std::string> tasks;
  for (const v1::TaskPoints& points : row.points())
    tasks.push_back(absl::StrCat(points.task(), " ", Points(points.points()), " (#", points.place(), ")"));
  return absl::StrCat(Points(row.points_total()), ": ", absl::StrJoin(tasks, ", "));
}

// "commonsenseqa acc: 12 better, 3 worse of 1,221, +0.0074, p 0.035 (exact McNemar)".
std::string Comparison(const v1::MetricComparison& one) {
  return absl::StrCat(one.suite(), " ", one.metric(), ": ", FormatCount(one.better()), " better, ",
                      FormatCount(one.worse()), " worse of ", FormatCount(one.items()), ", ",
                      absl::StrFormat("%+.4g, p %.3g", one.difference(), one.p_value()), " (", one.test(),
                      ")");
}

// What is there of: points, geometric mean, flags, comparisons, how to make it again.
std::string Standing(const v1::LeaderboardRow& row, size_t width) {
  std::string text;
  if (!row.flags().empty())
    absl::StrAppend(&text, Paragraph("FLAGS", absl::StrJoin(row.flags(), "; "), width));
  if (!row.points().empty()) absl::StrAppend(&text, Paragraph("points", PointsOf(row), width));
  if (row.has_geometric_mean())
    absl::StrAppend(&text, Paragraph("geometric mean", FormatValue(row.geometric_mean()), width));
  std::vector<std::string> comparisons;
  for (const v1::MetricComparison& one : row.comparisons()) comparisons.push_back(Comparison(one));
  if (!comparisons.empty())
    absl::StrAppend(&text, Paragraph("since before", absl::StrJoin(comparisons, "; "), width));
  if (!row.reproduce().empty()) absl::StrAppend(&text, Paragraph("reproduce", row.reproduce(), width));
  return text;
}

std::string Block(const v1::LeaderboardRow& row, size_t width) {
  const absl::Time made = absl::FromUnixMillis(row.created_unix_ms());
  std::string text = absl::StrCat("\n", Printable(row.track()), " #", Rank(row), "  ", Printable(row.name()),
                                  "  ", FormatCount(row.parameters()), " parameters, ",
                                  row.created_unix_ms() > 0
                                      ? absl::FormatTime("%Y-%m-%d %H:%M UTC", made, absl::UTCTimeZone())
                                      : "undated",
                                  "\n", Scores(row, width), Devices(row, width), DeviceNotes(row, width));
  for (const v1::SuiteResult& suite : row.suites()) {
    if (!suite.notes().empty()) {
      absl::StrAppend(&text, Paragraph(suite.suite(), absl::StrJoin(suite.notes(), "; "), width));
    }
  }
  absl::StrAppend(
      &text, Standing(row, width), Paragraph("rules", Rules(row), width),
      Paragraph("data sets", row.datasets().empty() ? "none" : absl::StrJoin(row.datasets(), ", "), width),
      Paragraph("submission", row.submission_id(), width),
      Paragraph("model",
                absl::StrCat(row.model_id().substr(0, kShortIdDigits), "; `bonsai artifacts show ",
                             row.submission_id().substr(0, kShortIdDigits), " --lineage`: all it came from"),
                width));
  return text;
}

}  // namespace

std::string RenderLeaderboard(const v1::GetLeaderboardResponse& response, size_t width) {
  if (response.rows().empty()) return "no submissions yet; a pipeline with a submission job makes one\n";
  std::string text = Ranking(response, width);
  for (const v1::LeaderboardRow& row : response.rows()) absl::StrAppend(&text, Block(row, width));
  return text;
}

}  // namespace bonsai
