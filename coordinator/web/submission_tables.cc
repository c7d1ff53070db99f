#include "coordinator/web/submission_tables.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/markup.h"
#include "coordinator/web/page_paths.h"

namespace bonsai {
namespace {

Table MakeTable(const v1::LeaderboardRow& row, const char* id, const char* caption, const char* none,
                std::vector<Column> columns) {
  Table table;
  table.id = id;
  table.caption = caption;
  table.none = none;
  const std::string path = absl::StrCat("/api/v1", SubmissionPath(row.submission_id()), "/", id);
  table.csv = absl::StrCat(path, ".csv");
  table.json = absl::StrCat(path, ".json");
  table.columns = std::move(columns);
  return table;
}

Cell NumberOr(bool known, double value) {
  return known ? NumberCell(value, FormatFigure(value)) : EmptyCell();
}

// What a reader of a suite's scores should know, in one line.
std::string SuiteNote(const v1::SuiteResult& suite) {
  std::vector<std::string> notes;
  if (!suite.degenerate().empty()) notes.push_back(absl::StrCat("no model's answers: ", suite.degenerate()));
  if (suite.holdout()) notes.push_back("secret holdout: figures are rounded, items stay secret");
  if (suite.has_overlap()) {
    notes.push_back(
        absl::StrCat(FormatFigure(suite.overlap() * 100), " % of its questions overlap the training data"));
  }
  notes.insert(notes.end(), suite.notes().begin(), suite.notes().end());
  return absl::StrJoin(notes, "; ");
}

Cell RateCell(bool measured, const v1::Distribution& rate) {
  if (!measured) return EmptyCell();
  Cell cell = NumberCell(rate.median(), FormatFigure(rate.median()));
  cell.note = absl::StrCat("\u00b1\u202f", FormatFigure(rate.standard_deviation()));
  return cell;
}

Cell VerdictCell(bool good, const char* yes, const char* no) {
  Cell cell = TextCell(good ? yes : no);
  cell.mark = good ? "good" : "bad";
  return cell;
}

Row ScoreRow(const v1::SuiteResult& suite, const v1::MetricResult& metric) {
  Row row;
  Cell value = NumberCell(metric.value(), FormatFigure(metric.value()));
  Cell above = EmptyCell();
  if (metric.has_floor()) {
    const bool is_above =
        metric.lower_is_better() ? metric.value() < metric.floor() : metric.value() > metric.floor();
    above = VerdictCell(is_above, "yes", "no");
    if (!is_above) value.mark = "floored";
  }
  Cell name = TextCell(suite.suite());
  name.note = suite.profile();
  Cell note = TextCell(SuiteNote(suite));
  note.mark = suite.degenerate().empty() ? "quiet" : "bad";
  row.cells = {std::move(name),
               TextCell(suite.profile()),
               TextCell(metric.name()),
               std::move(value),
               NumberOr(metric.has_stderr(), metric.stderr()),
               NumberOr(metric.has_floor(), metric.floor()),
               metric.has_floor() ? TextCell(metric.floor_name()) : EmptyCell(),
               std::move(above),
               CountCell(suite.documents()),
               std::move(note),
               TextCell(suite.suite_sha256()),
               TextCell(suite.answers_sha256())};
  return row;
}

}  // namespace

Table ScoresTable(const v1::LeaderboardRow& row) {
  Table table = MakeTable(row, "scores", "Scores", "No suite was run.",
                          {{"suite", "Suite", "", false, true},
                           {"profile", ""},
                           {"metric", "Metric"},
                           {"value", "Score"},
                           {"stderr", "Std. error", "", true},
                           {"floor", "Floor", "the best of what takes no model"},
                           {"floor_name", "Floor of"},
                           {"above_floor", "Above it"},
                           {"documents", "Questions"},
                           {"notes", "Notes"},
                           {"suite_sha256", ""},
                           {"answers_sha256", ""}});
  for (const v1::SuiteResult& suite : row.suites()) {
    for (const v1::MetricResult& metric : suite.metrics()) table.rows.push_back(ScoreRow(suite, metric));
  }
  return table;
}

Table FloorsTable(const v1::LeaderboardRow& row) {
  Table table = MakeTable(row, "floors", "Floors", "No floor was measured.",
                          {{"suite", "Suite", "", false, true},
                           {"metric", "Metric"},
                           {"floor_name", "Without a model"},
                           {"floor", "Gives"},
                           {"value", "Score"}});
  for (const v1::SuiteResult& suite : row.suites()) {
    for (const v1::MetricResult& metric : suite.metrics()) {
      for (const v1::Floor& floor : metric.floors()) {
        table.rows.push_back({"",
                              {TextCell(suite.suite()), TextCell(metric.name()), TextCell(floor.name()),
                               NumberOr(true, floor.value()), NumberOr(true, metric.value())}});
      }
    }
  }
  return table;
}

Table PointsTable(const v1::LeaderboardRow& row) {
  Table table =
      MakeTable(row, "points", "Points", "No points.",
                {{"task", "Task", "", false, true}, {"place", "Place", "", true}, {"points", "Points"}});
  for (const v1::TaskPoints& points : row.points()) {
    table.rows.push_back(
        {"",
         {TextCell(points.task()), points.place() > 0 ? CountCell(points.place()) : EmptyCell(),
          NumberCell(points.points(), FormatPoints(points.points()))}});
  }
  return table;
}

Table RulesTable(const v1::LeaderboardRow& row) {
  Table table = MakeTable(row, "rules", "Rules of the track", "The track has no rules.",
                          {{"rule", "Rule", "", false, true}, {"passed", "Verdict"}, {"why", "Why"}});
  for (const v1::RuleResult& rule : row.rules()) {
    table.rows.push_back(
        {"", {TextCell(rule.rule()), VerdictCell(rule.passed(), "pass", "fail"), TextCell(rule.why())}});
  }
  return table;
}

Table DevicesTable(const v1::LeaderboardRow& row) {
  Table table =
      MakeTable(row, "devices", "Devices", "No device has run it.",
                {{"target", "Target", "", false, true},
                 {"device", "Device"},
                 {"emulated", ""},
                 {"prefill", "Prefill", "tokens a second: median, and standard deviation of the runs kept"},
                 {"decode", "Decode", "tokens a second: median, and standard deviation of the runs kept"},
                 {"peak_memory_bytes", "Peak memory", "", true},
                 {"bundle_bytes", "Bundle", "", true},
                 {"runs", "Runs"},
                 {"output", "Output", "compared with the reference engine"},
                 {"not_measured", "Not measured"}});
  for (const v1::BenchmarkReport& report : row.benchmarks()) {
    Cell device = TextCell(report.device());
    if (report.emulated()) device.note = "emulated";
    Cell output = VerdictCell(report.output_matches_reference(), "matches", "differs");
    output.note = report.output_comparison();
    Cell gaps = TextCell(absl::StrJoin(report.not_measured(), "; "));
    gaps.mark = "quiet";
    table.rows.push_back(
        {"",
         {TextCell(report.target()), std::move(device), TextCell(report.emulated() ? "yes" : "no"),
          RateCell(report.has_prefill_tokens_per_second(), report.prefill_tokens_per_second()),
          RateCell(report.has_decode_tokens_per_second(), report.decode_tokens_per_second()),
          report.has_peak_memory_bytes() ? NumberCell(static_cast<double>(report.peak_memory_bytes()),
                                                      FormatBytes(report.peak_memory_bytes()))
                                         : EmptyCell(),
          NumberCell(static_cast<double>(report.bundle_bytes()), FormatBytes(report.bundle_bytes())),
          CountCell(report.runs()), std::move(output), std::move(gaps)}});
  }
  return table;
}

Table ComparisonsTable(const v1::LeaderboardRow& row) {
  Table table =
      MakeTable(row, "comparisons", "Compared with the evaluation before",
                "There is no evaluation before this one with the same questions.",
                {{"suite", "Suite", "", false, true},
                 {"metric", "Metric"},
                 {"difference", "Difference", "mean of this one minus the one before, item by item"},
                 {"p_value", "p", "two-sided", true},
                 {"test", "Test"},
                 {"items", "Items"},
                 {"better", "Better"},
                 {"worse", "Worse"},
                 {"changed_ids", "Changed, the first"}});
  for (const v1::MetricComparison& comparison : row.comparisons()) {
    Cell ids = TextCell(absl::StrJoin(comparison.changed_ids(), " "));
    ids.mark = "quiet";
    table.rows.push_back(
        {"",
         {TextCell(comparison.suite()), TextCell(comparison.metric()),
          NumberCell(comparison.difference(), absl::StrCat(comparison.difference() > 0 ? "+" : "",
                                                           FormatFigure(comparison.difference()))),
          NumberOr(true, comparison.p_value()), TextCell(comparison.test()), CountCell(comparison.items()),
          CountCell(comparison.better()), CountCell(comparison.worse()), std::move(ids)}});
  }
  return table;
}

}  // namespace bonsai
