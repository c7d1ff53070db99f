#include "coordinator/web/leaderboard_columns.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/markup.h"
#include "coordinator/web/page_paths.h"
#include "evaluator/tracks/ranking_metric.h"

namespace bonsai {
namespace {

using CellOf = std::function<Cell(const v1::LeaderboardRow&)>;

void AddColumn(Column column, const RowPointers& rows, const CellOf& cell_of, Table& table) {
  table.columns.push_back(std::move(column));
  for (size_t i = 0; i < rows.size(); ++i) table.rows[i].cells.push_back(cell_of(*rows[i]));
}

// Of CSV and JSON alone.
void AddFigure(std::string key, const RowPointers& rows, const CellOf& cell_of, Table& table) {
  Column column;
  column.key = std::move(key);
  AddColumn(std::move(column), rows, cell_of, table);
}

Cell OptionalNumber(bool known, double value) {
  return known ? NumberCell(value, FormatFigure(value)) : EmptyCell();
}

const v1::TaskPoints* FindPoints(const v1::LeaderboardRow& row, const std::string& task) {
  for (const v1::TaskPoints& points : row.points()) {
    if (!task.empty() && points.task() == task) return &points;
  }
  return nullptr;
}

Cell ScoreCell(const v1::LeaderboardRow& row, const TaskColumn& task) {
  const std::optional<double> value = FindRankingValue(task.metric, row.suites(), row.benchmarks());
  if (!value.has_value()) return EmptyCell();
  Cell cell = NumberCell(*value, absl::EndsWith(task.metric, "_bytes")
                                     ? FormatBytes(static_cast<uint64_t>(std::max(0.0, *value)))
                                     : FormatFigure(*value));
  const v1::MetricResult* metric = FindMetric(task.metric, row.suites()).metric;
  std::vector<std::string> notes;
  if (metric != nullptr && metric->has_stderr()) {
    notes.push_back(absl::StrFormat("\u00b1%.2g", metric->stderr()));
  }
  if (metric != nullptr && metric->has_floor()) {
    notes.push_back(absl::StrFormat("floor %.3g", metric->floor()));
    const bool above = metric->lower_is_better() ? *value < metric->floor() : *value > metric->floor();
    if (!above) cell.mark = "floored";
  }
  if (const v1::TaskPoints* points = FindPoints(row, task.task)) {
    notes.push_back(absl::StrCat(FormatPoints(points->points()), " pt"));
  }
  cell.note = absl::StrJoin(notes, " \u00b7 ");
  return cell;
}

// What decides which of several devices' figures is shown: the fastest real one.
std::optional<double> FastestMedian(const v1::LeaderboardRow& row, bool decode, std::string* target) {
  std::optional<double> best;
  for (const v1::BenchmarkReport& report : row.benchmarks()) {
    if (report.emulated()) continue;
    if (!(decode ? report.has_decode_tokens_per_second() : report.has_prefill_tokens_per_second())) continue;
    const double median =
        decode ? report.decode_tokens_per_second().median() : report.prefill_tokens_per_second().median();
    if (best.has_value() && *best >= median) continue;
    best = median;
    *target = report.target();
  }
  return best;
}

Cell RateCell(const v1::LeaderboardRow& row, bool decode) {
  std::string target;
  const std::optional<double> rate = FastestMedian(row, decode, &target);
  if (!rate.has_value()) return EmptyCell();
  Cell cell = NumberCell(*rate, FormatFigure(*rate));
  cell.note = target;
  return cell;
}

Cell MemoryCell(const v1::LeaderboardRow& row) {
  const v1::BenchmarkReport* most = nullptr;
  for (const v1::BenchmarkReport& report : row.benchmarks()) {
    if (!report.has_peak_memory_bytes()) continue;
    if (most == nullptr || report.peak_memory_bytes() > most->peak_memory_bytes()) most = &report;
  }
  if (most == nullptr) return EmptyCell();
  Cell cell =
      NumberCell(static_cast<double>(most->peak_memory_bytes()), FormatBytes(most->peak_memory_bytes()));
  cell.note = most->target();
  return cell;
}

std::vector<std::string> Remarks(const v1::LeaderboardRow& row) {
  std::vector<std::string> remarks(row.flags().begin(), row.flags().end());
  for (const v1::SuiteResult& suite : row.suites()) {
    const std::string remark = absl::StrCat(suite.suite(), ": ", suite.degenerate());
    // The submission job writes the same into the flags.
    if (!suite.degenerate().empty() && row.flags().empty()) remarks.push_back(remark);
  }
  for (const v1::RuleResult& rule : row.rules()) {
    if (!rule.passed()) remarks.push_back(absl::StrCat("fails ", rule.rule(), ": ", rule.why()));
  }
  return remarks;
}

Cell RemarkCell(const v1::LeaderboardRow& row) {
  const std::vector<std::string> remarks = Remarks(row);
  Cell cell;
  cell.value = absl::StrJoin(remarks, "; ");
  if (remarks.empty()) {
    cell.html = "<span class=\"none\">none</span>";
    return cell;
  }
  cell.html = absl::StrCat("<details class=\"flags\"><summary>", remarks.size(),
                           remarks.size() == 1 ? " flag" : " flags", "</summary><ul>");
  for (const std::string& remark : remarks) absl::StrAppend(&cell.html, "<li>", EscapeHtml(remark), "</li>");
  absl::StrAppend(&cell.html, "</ul></details>");
  return cell;
}

bool AnyRow(const RowPointers& rows, bool (*holds)(const v1::LeaderboardRow&)) {
  return std::any_of(rows.begin(), rows.end(), [&](const v1::LeaderboardRow* row) { return holds(*row); });
}

}  // namespace

std::vector<TaskColumn> TaskColumns(const v1::Track& track, const RowPointers& rows) {
  std::vector<TaskColumn> columns;
  for (const v1::Track::Task& task : track.tasks()) {
    columns.push_back({task.metric(), task.name(), task.name(), task.lower_is_better()});
  }
  std::set<std::string> known;
  for (const TaskColumn& column : columns) known.insert(column.metric);
  // "points" and "geometric_mean" are columns of their own.
  if (absl::StrContains(track.ranking_metric(), "/") && known.insert(track.ranking_metric()).second) {
    columns.insert(columns.begin(),
                   {track.ranking_metric(), track.ranking_metric(), "", track.ranking_lower_is_better()});
  }
  if (track.tasks_size() > 0) return columns;
  std::vector<TaskColumn> others;
  for (const v1::LeaderboardRow* row : rows) {
    for (const v1::SuiteResult& suite : row->suites()) {
      for (const v1::MetricResult& metric : suite.metrics()) {
        const std::string name = absl::StrCat(suite.suite(), "/", metric.name());
        if (known.insert(name).second) others.push_back({name, name, "", metric.lower_is_better()});
      }
    }
  }
  std::sort(others.begin(), others.end(),
            [](const TaskColumn& a, const TaskColumn& b) { return a.metric < b.metric; });
  columns.insert(columns.end(), others.begin(), others.end());
  return columns;
}

void AddEntryColumns(const RowPointers& rows, Table& table) {
  AddColumn(
      {"rank", "Rank", "", true}, rows,
      [](const v1::LeaderboardRow& row) {
        if (row.rank() == 0) return EmptyCell();
        Cell cell = CountCell(row.rank());
        if (row.rank() == 1) cell.mark = "first";
        return cell;
      },
      table);
  AddColumn(
      {"name", "Submission", "", false, true}, rows,
      [](const v1::LeaderboardRow& row) {
        Cell cell = TextCell(row.name(), SubmissionPath(row.submission_id()));
        cell.note = ShortId(row.submission_id());
        return cell;
      },
      table);
  AddFigure(
      "submission_id", rows, [](const v1::LeaderboardRow& row) { return TextCell(row.submission_id()); },
      table);
}

void AddTotalColumns(const RowPointers& rows, Table& table) {
  if (AnyRow(rows, [](const v1::LeaderboardRow& row) { return row.points_size() > 0; })) {
    AddColumn(
        {"points", "Points", "of all tasks"}, rows,
        [](const v1::LeaderboardRow& row) {
          return row.points_size() > 0 ? NumberCell(row.points_total(), FormatPoints(row.points_total()))
                                       : EmptyCell();
        },
        table);
  }
  if (AnyRow(rows, [](const v1::LeaderboardRow& row) { return row.has_geometric_mean(); })) {
    AddColumn(
        {"geometric_mean", "Geo. mean", "geometric mean of the tasks that count for it"}, rows,
        [](const v1::LeaderboardRow& row) {
          return OptionalNumber(row.has_geometric_mean(), row.geometric_mean());
        },
        table);
  }
}

void AddTaskColumns(const TaskColumn& task, const RowPointers& rows, Table& table) {
  AddColumn(
      {task.metric, task.title,
       absl::StrCat(task.metric, task.lower_is_better ? ", lower is better" : ", higher is better"),
       task.lower_is_better},
      rows, [&](const v1::LeaderboardRow& row) { return ScoreCell(row, task); }, table);
  const auto part = [&](const char* name, const std::function<Cell(const v1::MetricResult&)>& cell_of) {
    AddFigure(
        absl::StrCat(task.metric, ".", name), rows,
        [&](const v1::LeaderboardRow& row) {
          const v1::MetricResult* metric = FindMetric(task.metric, row.suites()).metric;
          return metric == nullptr ? EmptyCell() : cell_of(*metric);
        },
        table);
  };
  part("stderr",
       [](const v1::MetricResult& metric) { return OptionalNumber(metric.has_stderr(), metric.stderr()); });
  part("floor",
       [](const v1::MetricResult& metric) { return OptionalNumber(metric.has_floor(), metric.floor()); });
  part("floor_name", [](const v1::MetricResult& metric) {
    return metric.has_floor() ? TextCell(metric.floor_name()) : EmptyCell();
  });
  if (task.task.empty()) return;
  AddFigure(
      absl::StrCat(task.metric, ".points"), rows,
      [&](const v1::LeaderboardRow& row) {
        const v1::TaskPoints* points = FindPoints(row, task.task);
        return points == nullptr ? EmptyCell() : NumberCell(points->points(), "");
      },
      table);
}

void AddCostColumns(const RowPointers& rows, Table& table) {
  AddColumn(
      {"parameters", "Parameters", "", true}, rows,
      [](const v1::LeaderboardRow& row) {
        return NumberCell(static_cast<double>(row.parameters()), FormatCount(row.parameters()));
      },
      table);
  AddColumn({"peak_memory_bytes", "Peak memory", "the most that one of its devices needed", true}, rows,
            MemoryCell, table);
  AddColumn(
      {"prefill", "Prefill", "tokens a second, median, of the fastest device that is not emulated"}, rows,
      [](const v1::LeaderboardRow& row) { return RateCell(row, false); }, table);
  AddColumn(
      {"decode", "Decode", "tokens a second, median, of the fastest device that is not emulated"}, rows,
      [](const v1::LeaderboardRow& row) { return RateCell(row, true); }, table);
}

void AddRemarkColumns(const RowPointers& rows, Table& table) {
  AddColumn({"flags", "Flags", "what a reader should know"}, rows, RemarkCell, table);
  AddFigure(
      "datasets", rows,
      [](const v1::LeaderboardRow& row) { return TextCell(absl::StrJoin(row.datasets(), " ")); }, table);
  AddColumn(
      {"created", "Entered", "UTC"}, rows,
      [](const v1::LeaderboardRow& row) {
        const std::string time = FormatTime(row.created_unix_ms());
        Cell cell = TextCell(time, HistoryPath(row.track(), row.name()));
        if (time.size() > 10) {
          cell.text = time.substr(0, 10);
          cell.note = time.substr(11);
        }
        cell.mark = "when";
        return cell;
      },
      table);
}

}  // namespace bonsai
