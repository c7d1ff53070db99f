#include "client/leaderboard_view.h"

#include <vector>

#include "absl/strings/str_cat.h"
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

std::string Ranking(const v1::GetLeaderboardResponse& response, size_t width) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::LeaderboardRow& row : response.rows()) {
    std::vector<std::string> scores;
    for (const v1::SuiteResult& suite : row.suites()) {
      if (suite.metrics().empty()) continue;
      const v1::MetricResult& metric = suite.metrics(0);
      scores.push_back(absl::StrCat(suite.suite() == metric.name() ? "" : absl::StrCat(suite.suite(), " "),
                                    metric.name(), " ", WithFloor(metric)));
    }
    rows.push_back({row.track(), absl::StrCat(row.rank()), row.name(), FormatCount(row.parameters()),
                    scores.empty() ? kNotMeasured : absl::StrJoin(scores, ", ")});
  }
  return RenderTable({{"TRACK"}, {"RANK", true}, {"NAME"}, {"PARAMETERS", true}, {"SCORES"}}, rows, 0, width);
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

std::string Block(const v1::LeaderboardRow& row, size_t width) {
  const absl::Time made = absl::FromUnixMillis(row.created_unix_ms());
  std::string text = absl::StrCat("\n", Printable(row.track()), " #", row.rank(), "  ", Printable(row.name()),
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
      &text, Paragraph("rules", Rules(row), width),
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
