#include "coordinator/web/history_page.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/leaderboard_columns.h"
#include "coordinator/web/markup.h"
#include "coordinator/web/page_paths.h"
#include "evaluator/tracks/ranking_metric.h"

namespace bonsai {
namespace {

std::optional<double> RankingValue(const v1::Track& track, const v1::LeaderboardRow& row) {
  if (track.ranking_metric() == "points") {
    return row.points().empty() ? std::nullopt : std::optional<double>(row.points_total());
  }
  if (track.ranking_metric() == "geometric_mean") {
    return row.has_geometric_mean() ? std::optional<double>(row.geometric_mean()) : std::nullopt;
  }
  return FindRankingValue(track.ranking_metric(), row.suites(), row.benchmarks());
}

const v1::MetricComparison* FindComparison(const v1::Track& track, const v1::LeaderboardRow& row) {
  for (const v1::MetricComparison& comparison : row.comparisons()) {
    if (absl::StrCat(comparison.suite(), "/", comparison.metric()) == track.ranking_metric())
      return &comparison;
  }
  return nullptr;
}

// `before`: the submission of the same name before this one, or nullptr.
Row HistoryRow(const v1::Track& track, const v1::LeaderboardRow& row, const v1::LeaderboardRow* before) {
  const std::optional<double> value = RankingValue(track, row);
  const std::optional<double> old = before == nullptr ? std::nullopt : RankingValue(track, *before);
  Cell change = EmptyCell();
  if (value.has_value() && old.has_value()) {
    const double difference = *value - *old;
    change = NumberCell(difference, absl::StrCat(difference > 0 ? "+" : "", FormatFigure(difference)));
    if (difference != 0) change.mark = (difference < 0) == track.ranking_lower_is_better() ? "good" : "bad";
  }
  Cell p_value = EmptyCell(), items = EmptyCell();
  if (const v1::MetricComparison* comparison = FindComparison(track, row)) {
    p_value = NumberCell(comparison->p_value(), FormatFigure(comparison->p_value()));
    p_value.note = comparison->test();
    items = TextCell(absl::StrCat("+", comparison->better(), " \u2212", comparison->worse()));
    items.note = absl::StrCat("of ", comparison->items());
  }
  const v1::MetricResult* metric = FindMetric(track.ranking_metric(), row.suites()).metric;
  const bool has_stderr = metric != nullptr && metric->has_stderr();
  Cell time = NumberCell(static_cast<double>(row.created_unix_ms()), FormatTime(row.created_unix_ms()));
  time.mark = "when";
  Cell floor = metric != nullptr && metric->has_floor()
                   ? NumberCell(metric->floor(), FormatFigure(metric->floor()))
                   : EmptyCell();
  return {"",
          {std::move(time), TextCell(row.name(), SubmissionPath(row.submission_id())),
           value.has_value() ? NumberCell(*value, FormatFigure(*value)) : EmptyCell(),
           has_stderr ? NumberCell(metric->stderr(), FormatFigure(metric->stderr())) : EmptyCell(),
           std::move(floor), std::move(change), std::move(p_value), std::move(items),
           TextCell(row.submission_id())}};
}

std::string PlotFigure(const v1::Track& track, const Table& table) {
  if (table.rows.size() < 2) return "";
  return absl::StrCat("<figure class=\"plot\" data-plot=\"history\" data-table=\"", EscapeHtml(table.id),
                      "\" data-metric=\"", EscapeHtml(track.ranking_metric()), "\" hidden></figure>\n");
}

}  // namespace

Table HistoryTable(const v1::Track& track, const std::vector<v1::LeaderboardRow>& rows,
                   absl::string_view name) {
  std::vector<const v1::LeaderboardRow*> members;
  for (const v1::LeaderboardRow& row : rows) {
    if (row.track() == track.name() && (name.empty() || row.name() == name)) members.push_back(&row);
  }
  std::stable_sort(members.begin(), members.end(),
                   [](const auto* a, const auto* b) { return a->created_unix_ms() < b->created_unix_ms(); });
  Table table;
  table.id = track.name();
  table.caption = TrackTitle(track);
  table.none = "No submissions yet.";
  const std::string query = absl::StrCat("?track=", EscapeUrl(track.name()),
                                         name.empty() ? "" : absl::StrCat("&name=", EscapeUrl(name)));
  table.csv = absl::StrCat("/api/v1/history.csv", query);
  table.json = absl::StrCat("/api/v1/history", query);
  table.columns = {
      {"created_unix_ms", "Entered", "UTC"},
      {"name", "Submission", "", false, true},
      {"value", track.ranking_metric(), "what the track ranks by", track.ranking_lower_is_better()},
      {"stderr", "Std. error", "", true},
      {"floor", "Floor"},
      {"change", "Change", "from the submission of that name before", track.ranking_lower_is_better()},
      {"p_value", "p", "of a paired test over the items of both", true},
      {"items", "Items", "that got better and worse"},
      {"submission_id", ""}};
  std::map<std::string, const v1::LeaderboardRow*> newest;
  for (const v1::LeaderboardRow* row : members) {
    table.rows.push_back(HistoryRow(track, *row, newest[row->name()]));
    newest[row->name()] = row;
  }
  std::reverse(table.rows.begin(), table.rows.end());
  return table;
}

std::string HistoryPage(const PageFiles& files, const std::vector<v1::Track>& tracks,
                        const std::vector<v1::LeaderboardRow>& rows,
                        const std::map<std::string, std::string>& query) {
  const auto value = [&](const char* key) {
    const auto found = query.find(key);
    return found == query.end() ? std::string() : found->second;
  };
  const std::string shown = value("track");
  const std::string name = value("name");
  TableLinks links{"/history", {}, ParseTableOrder(value("sort"))};
  if (!shown.empty()) links.query["track"] = shown;
  if (!name.empty()) links.query["name"] = name;
  std::string body =
      absl::StrCat("<h1>History", name.empty() ? "" : absl::StrCat(" of ", EscapeHtml(name)), "</h1>\n");
  if (!shown.empty() || !name.empty())
    absl::StrAppend(&body, "<p class=\"about\"><a href=\"/history\">All of it</a></p>\n");
  bool any = false;
  for (const v1::Track& track : tracks) {
    if (!shown.empty() && track.name() != shown) continue;
    Table table = HistoryTable(track, rows, name);
    if (table.rows.empty() && shown.empty()) continue;
    any = true;
    // The plot is in the order of time, whatever the table is in.
    if (links.order.has_value()) SortTable(*links.order, table);
    absl::StrAppend(&body, "<section>\n", PlotFigure(track, table), TableHtml(table, links), "</section>\n");
  }
  if (!any) absl::StrAppend(&body, "<p class=\"empty\">No submissions yet.</p>\n");
  return FramePage(files, {"History", "/history", body});
}

}  // namespace bonsai
