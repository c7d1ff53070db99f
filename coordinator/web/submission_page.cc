#include "coordinator/web/submission_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/lineage_view.h"
#include "coordinator/web/markup.h"
#include "coordinator/web/page_paths.h"
#include "coordinator/web/submission_tables.h"

namespace bonsai {
namespace {

std::string ApiPath(const SubmissionView& view) {
  return absl::StrCat("/api/v1", SubmissionPath(view.row.submission_id()));
}

std::string Fact(const char* name, const std::string& html) {
  return html.empty() ? "" : absl::StrCat("<div><dt>", name, "</dt><dd>", html, "</dd></div>\n");
}

std::string CodeOf(const std::string& text) {
  return absl::StrCat("<code class=\"hash\">", EscapeHtml(text), "</code>");
}

std::string Facts(const SubmissionView& view) {
  const v1::LeaderboardRow& row = view.row;
  std::string html = "<dl class=\"facts\">\n";
  absl::StrAppend(&html, Fact("Track", absl::StrCat("<a href=\"/?track=", EscapeUrl(row.track()), "\">",
                                                    EscapeHtml(TrackTitle(view.track)), "</a>")));
  absl::StrAppend(&html, Fact("Rank", row.rank() == 0 ? "not ranked" : absl::StrCat(row.rank())));
  if (row.points_size() > 0) absl::StrAppend(&html, Fact("Points", FormatPoints(row.points_total())));
  if (row.has_geometric_mean()) {
    absl::StrAppend(&html, Fact("Geometric mean", FormatFigure(row.geometric_mean())));
  }
  absl::StrAppend(&html, Fact("Parameters", absl::StrCat(FormatCount(row.parameters()), " <small>",
                                                         row.parameters(), "</small>")));
  absl::StrAppend(&html, Fact("Data sets", EscapeHtml(absl::StrJoin(row.datasets(), ", "))));
  absl::StrAppend(&html, Fact("Entered", absl::StrCat(FormatTime(row.created_unix_ms()), " UTC")));
  absl::StrAppend(&html,
                  Fact("Job", absl::StrCat("<a href=\"", EscapeHtml(JobPath(view.artifact.record().job_id())),
                                           "\">", EscapeHtml(view.artifact.record().job_id()), "</a>")));
  absl::StrAppend(&html, Fact("Submission", CodeOf(row.submission_id())));
  absl::StrAppend(&html, Fact("Model", row.model_id().empty() ? "" : CodeOf(row.model_id())));
  return absl::StrCat(html, "</dl>\n");
}

std::string Flags(const v1::LeaderboardRow& row) {
  if (row.flags().empty()) return "";
  std::string html = "<aside class=\"warning\" aria-label=\"Flags\"><ul>";
  for (const std::string& flag : row.flags()) absl::StrAppend(&html, "<li>", EscapeHtml(flag), "</li>");
  return absl::StrCat(html, "</ul></aside>\n");
}

std::string Lineage(const SubmissionView& view) {
  std::string html = "<section aria-labelledby=\"lineage\">\n<h2 id=\"lineage\">Lineage</h2>\n";
  if (!view.lineage_problem.empty()) {
    return absl::StrCat(html, "<p class=\"empty\">", EscapeHtml(view.lineage_problem), "</p></section>\n");
  }
  const Table artifacts = LineageArtifactsTable(view.artifact, ApiPath(view));
  absl::StrAppend(
      &html,
      "<p class=\"about\">Each artifact is named by the SHA-256 of its manifest, which names all its"
      " files. <span class=\"forms\"><a href=\"",
      EscapeHtml(artifacts.csv), "\">CSV</a> <a href=\"", EscapeHtml(artifacts.json),
      "\">JSON</a></span></p>\n", LineageTreeHtml(view.artifact),
      TableHtml(LineageSourcesTable(view.artifact, ApiPath(view))));
  return absl::StrCat(html, "</section>\n");
}

std::string Samples(const SubmissionView& view) {
  std::string html = "<section aria-labelledby=\"samples\">\n<h2 id=\"samples\">Samples</h2>\n";
  for (const ItemSample& sample : view.samples) absl::StrAppend(&html, ItemsHtml(sample, ApiPath(view)));
  if (view.samples.empty()) {
    absl::StrAppend(&html, "<p class=\"empty\">Its evaluations kept no items.</p>\n");
  }
  return absl::StrCat(html, "</section>\n");
}

std::string Reproduce(const SubmissionView& view) {
  const std::string show = absl::StrCat("bonsai artifacts show ", view.row.submission_id(), " --lineage");
  return absl::StrCat(
      "<section aria-labelledby=\"reproduce\">\n<h2 id=\"reproduce\">Reproduce</h2>\n",
      view.row.reproduce().empty()
          ? "<p class=\"about\">The row names no command; its lineage has every specification:</p>\n"
          : "",
      "<pre class=\"command\"><code>", EscapeHtml(view.row.reproduce().empty() ? show : view.row.reproduce()),
      "</code></pre>\n</section>\n");
}

}  // namespace

std::vector<Table> SubmissionTables(const SubmissionView& view) {
  return {ScoresTable(view.row),
          FloorsTable(view.row),
          PointsTable(view.row),
          RulesTable(view.row),
          DevicesTable(view.row),
          ComparisonsTable(view.row),
          LineageArtifactsTable(view.artifact, ApiPath(view)),
          LineageSourcesTable(view.artifact, ApiPath(view))};
}

std::string SubmissionPage(const PageFiles& files, const SubmissionView& view) {
  const Table floors = FloorsTable(view.row);
  std::string body = absl::StrCat(
      "<p class=\"crumbs\"><a href=\"/\">Leaderboard</a> / <a href=\"/?track=", EscapeUrl(view.row.track()),
      "\">", EscapeHtml(TrackTitle(view.track)), "</a></p>\n<h1>", EscapeHtml(view.row.name()),
      "</h1>\n<p class=\"about\">", "<a href=\"", EscapeHtml(HistoryPath(view.row.track(), view.row.name())),
      "\">History</a> \u00b7 <a href=\"", EscapeHtml(ApiPath(view)), "\">JSON</a></p>\n", Flags(view.row),
      Facts(view), "<section>\n<h2>Results</h2>\n", TableHtml(ScoresTable(view.row)),
      floors.rows.empty() ? "" : TableHtml(floors),
      view.row.points().empty() ? "" : TableHtml(PointsTable(view.row)), TableHtml(DevicesTable(view.row)),
      TableHtml(ComparisonsTable(view.row)), TableHtml(RulesTable(view.row)), "</section>\n", Reproduce(view),
      Lineage(view), Samples(view));
  return FramePage(files, {view.row.name(), "/", body});
}

}  // namespace bonsai
