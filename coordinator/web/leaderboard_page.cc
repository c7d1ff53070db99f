#include "coordinator/web/leaderboard_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace bonsai {
namespace {

constexpr absl::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bonsai leaderboard</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #2f7d4f; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; border-left: 4px solid var(--accent); padding-left: .6rem; }
p.note { opacity: .7; margin-top: .2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .45rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; font-size: .85rem; opacity: .75; }
tr:hover td { background: var(--soft); }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.wide { font-variant-numeric: tabular-nums; min-width: 18em; }
td.rank { font-weight: 700; color: var(--accent); }
code { font-size: .85rem; }
.small { font-size: .82rem; opacity: .75; }
</style>
</head>
<body>
<h1>Bonsai leaderboard</h1>
<p class="note">Every row is an artifact whose lineage names all the bytes it came from.</p>
)";

// Four significant digits, and never an exponent for what people read as a count.
std::string Number(double value) {
  return value >= 1000 && value < 1e9 ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.4g", value);
}

std::string SuitesCell(const v1::LeaderboardRow& row) {
  std::string cell;
  for (const v1::SuiteResult& suite : row.suites()) {
    for (const v1::MetricResult& metric : suite.metrics()) {
      absl::StrAppend(&cell, EscapeHtml(suite.suite()), "/", EscapeHtml(metric.name()), " <b>",
                      Number(metric.value()), "</b>");
      if (metric.has_stderr()) absl::StrAppend(&cell, " &plusmn; ", Number(metric.stderr()));
      if (metric.has_floor()) {
        absl::StrAppend(&cell, " <span class=\"small\">(", EscapeHtml(metric.floor_name()), ": ",
                        Number(metric.floor()), ")</span>");
      }
      absl::StrAppend(&cell, "<br>");
    }
  }
  return cell.empty() ? "not measured" : cell;
}

std::string RateText(bool measured, const v1::Distribution& rate) {
  return measured ? absl::StrCat(Number(rate.median()), " tokens/s") : "not measured";
}

std::string BenchmarksCell(const v1::LeaderboardRow& row) {
  std::string cell;
  for (const v1::BenchmarkReport& report : row.benchmarks()) {
    absl::StrAppend(
        &cell, "<b>", EscapeHtml(report.target()), "</b>", report.emulated() ? " (emulated)" : "",
        ": prefill ", RateText(report.has_prefill_tokens_per_second(), report.prefill_tokens_per_second()),
        ", decode ", RateText(report.has_decode_tokens_per_second(), report.decode_tokens_per_second()),
        ", memory ",
        report.has_peak_memory_bytes() ? absl::StrFormat("%.1f MiB", report.peak_memory_bytes() / 1048576.0)
                                       : "not measured",
        "<br>");
  }
  return cell.empty() ? "not measured" : cell;
}

std::string RowHtml(const v1::LeaderboardRow& row) {
  std::vector<std::string> failed;
  for (const v1::RuleResult& rule : row.rules()) {
    if (!rule.passed()) failed.push_back(EscapeHtml(absl::StrCat(rule.rule(), ": ", rule.why())));
  }
  return absl::StrCat(
      "<tr><td class=\"rank\">", row.rank(), "</td><td>", EscapeHtml(row.name()), "<br><code>",
      EscapeHtml(row.submission_id().substr(0, 12)), "</code></td><td class=\"number\">",
      absl::StrFormat("%.3f M", static_cast<double>(row.parameters()) / 1e6), "</td><td class=\"wide\">",
      SuitesCell(row), "</td><td class=\"wide\">", BenchmarksCell(row), "</td><td>",
      EscapeHtml(absl::StrJoin(row.datasets(), ", ")), "</td><td>",
      failed.empty() ? "all hold" : absl::StrJoin(failed, "<br>"), "</td><td class=\"number small\">",
      absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromUnixMillis(row.created_unix_ms()),
                       absl::UTCTimeZone()),
      "</td></tr>\n");
}

}  // namespace

std::string EscapeHtml(absl::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string LeaderboardPage(const std::vector<v1::Track>& tracks,
                            const std::vector<v1::LeaderboardRow>& rows) {
  std::string page(kHead);
  for (const v1::Track& track : tracks) {
    absl::StrAppend(&page, "<h2>", EscapeHtml(track.title().empty() ? track.name() : track.title()),
                    "</h2>\n<p class=\"note\">track <code>", EscapeHtml(track.name()), "</code>, ranked by ",
                    EscapeHtml(track.ranking_metric()),
                    track.ranking_lower_is_better() ? ", lower" : ", higher", " is better</p>\n");
    std::string body;
    for (const v1::LeaderboardRow& row : rows) {
      if (row.track() == track.name()) absl::StrAppend(&body, RowHtml(row));
    }
    if (body.empty()) {
      absl::StrAppend(&page, "<p>No submissions yet.</p>\n");
      continue;
    }
    absl::StrAppend(&page,
                    "<div class=\"scroll\"><table>\n<tr><th>rank</th><th>submission</th><th>parameters</th>"
                    "<th>evaluations</th><th>devices</th><th>data</th><th>rules</th><th>entered</th></tr>\n",
                    body, "</table></div>\n");
  }
  if (tracks.empty()) absl::StrAppend(&page, "<p>No tracks are installed.</p>\n");
  absl::StrAppend(&page, "</body>\n</html>\n");
  return page;
}

}  // namespace bonsai
