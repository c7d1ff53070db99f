#include "coordinator/web/leaderboard_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/leaderboard_columns.h"
#include "coordinator/web/markup.h"
#include "coordinator/web/page_paths.h"

namespace bonsai {
namespace {

// "1,000,000 parameters at most", ... for people; what the rules check is on each submission's page.
std::string TrackNote(const v1::Track& track) {
  std::vector<std::string> parts;
  if (!track.ranking_metric().empty()) {
    parts.push_back(absl::StrCat("ranked by <code>", EscapeHtml(track.ranking_metric()), "</code>, ",
                                 track.ranking_lower_is_better() ? "lower" : "higher", " is better"));
  }
  if (!track.allowed_datasets().empty()) {
    parts.push_back(absl::StrCat("data: ", EscapeHtml(absl::StrJoin(track.allowed_datasets(), ", "))));
  }
  if (!track.allowed_dtypes().empty()) {
    parts.push_back(absl::StrCat("weights: ", EscapeHtml(absl::StrJoin(track.allowed_dtypes(), ", "))));
  }
  if (track.max_parameters() > 0) {
    parts.push_back(absl::StrCat("up to ", FormatCount(track.max_parameters()), " parameters"));
  }
  if (track.max_peak_memory_bytes() > 0) {
    parts.push_back(absl::StrCat("up to ", FormatBytes(track.max_peak_memory_bytes()), " of memory"));
  }
  if (!track.latest_source_day().empty()) {
    parts.push_back(absl::StrCat("nothing published after ", EscapeHtml(track.latest_source_day())));
  }
  return absl::StrCat("<p class=\"about\">", absl::StrJoin(parts, " \u00b7 "), "</p>\n");
}

// The script draws the plot from the table; without one there is nothing to see, and the table has it all.
std::string PlotFigure(const v1::Track& track, const Table& table) {
  if (table.rows.empty()) return "";
  return absl::StrCat("<figure class=\"plot\" data-plot=\"pareto\" data-table=\"", EscapeHtml(table.id),
                      "\" data-y=\"", EscapeHtml(track.ranking_metric()),
                      "\" data-x=\"decode\" data-size=\"peak_memory_bytes\" hidden></figure>\n");
}

std::string TrackMenu(const std::vector<v1::Track>& tracks, const std::string& shown) {
  if (tracks.size() < 2) return "";
  std::string html = "<ul class=\"menu\" aria-label=\"Tracks\">";
  absl::StrAppend(&html, "<li><a href=\"/\"", shown.empty() ? " aria-current=\"true\"" : "",
                  ">All tracks</a></li>");
  for (const v1::Track& track : tracks) {
    absl::StrAppend(&html, "<li><a href=\"/?track=", EscapeUrl(track.name()), "\"",
                    shown == track.name() ? " aria-current=\"true\"" : "", ">", EscapeHtml(TrackTitle(track)),
                    "</a></li>");
  }
  return absl::StrCat(html, "</ul>\n");
}

}  // namespace

Table LeaderboardTable(const v1::Track& track, const std::vector<v1::LeaderboardRow>& rows) {
  std::vector<const v1::LeaderboardRow*> members;
  for (const v1::LeaderboardRow& row : rows) {
    if (row.track() == track.name()) members.push_back(&row);
  }
  Table table;
  table.id = track.name();
  table.caption = TrackTitle(track);
  table.none = "No submissions yet.";
  table.csv = absl::StrCat("/api/v1/leaderboard.csv?track=", EscapeUrl(track.name()));
  table.json = absl::StrCat("/api/v1/leaderboard?track=", EscapeUrl(track.name()));
  table.rows.resize(members.size());
  AddEntryColumns(members, table);
  AddTotalColumns(members, table);
  for (const TaskColumn& task : TaskColumns(track, members)) AddTaskColumns(task, members, table);
  AddCostColumns(members, table);
  AddRemarkColumns(members, table);
  return table;
}

std::string LeaderboardPage(const PageFiles& files, const std::vector<v1::Track>& tracks,
                            const std::vector<v1::LeaderboardRow>& rows,
                            const std::map<std::string, std::string>& query) {
  const auto value = [&](const char* name) {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  };
  const std::string shown = value("track");
  TableLinks links{"/", {}, ParseTableOrder(value("sort"))};
  if (!shown.empty()) links.query["track"] = shown;
  std::string body = absl::StrCat("<h1>Leaderboard</h1>\n", TrackMenu(tracks, shown));
  for (const v1::Track& track : tracks) {
    if (!shown.empty() && track.name() != shown) continue;
    Table table = LeaderboardTable(track, rows);
    if (links.order.has_value()) SortTable(*links.order, table);
    absl::StrAppend(&body, "<section class=\"track\">\n", TableHtml(table, links), TrackNote(track),
                    PlotFigure(track, table), "</section>\n");
  }
  if (tracks.empty()) absl::StrAppend(&body, "<p class=\"empty\">No tracks are installed.</p>\n");
  return FramePage(files, {"Leaderboard", "/", body});
}

}  // namespace bonsai
