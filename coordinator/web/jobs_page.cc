#include "coordinator/web/jobs_page.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/job_cells.h"
#include "coordinator/web/markup.h"
#include "coordinator/web/page_paths.h"

namespace bonsai {
namespace {

// Curves on one page; more would be neither read nor drawn.
constexpr size_t kCurvesMax = 8;

Table MakeTable(const char* id, const char* caption, const char* none, std::vector<Column> columns) {
  Table table;
  table.id = id;
  table.caption = caption;
  table.none = none;
  table.csv = absl::StrCat("/api/v1/jobs/", id, ".csv");
  table.json = absl::StrCat("/api/v1/jobs/", id, ".json");
  table.columns = std::move(columns);
  return table;
}

Table RunningTable(const std::vector<v1::JobStatus>& jobs, absl::Time now) {
  Table table = MakeTable("running", "Running", "Nothing runs.",
                          {{"job", "Job", "", false, true},
                           {"kind", "Kind"},
                           {"state", ""},
                           {"progress", "Progress"},
                           {"eta_seconds", "Left", "as the runner estimates", true},
                           {"loss", "Loss", "of the newest sample", true},
                           {"tokens_per_second", "Tokens/s", "of the newest sample"},
                           {"attempt", "Attempt", "", true},
                           {"workers", "On"},
                           {"running_seconds", "For"},
                           {"tenant", "Tenant"},
                           {"queue", ""}});
  for (const v1::JobStatus& status : jobs) {
    const v1::JobRecord& job = status.job();
    table.rows.push_back(
        {"",
         {JobCell(job), TextCell(KindOf(job.spec())), StateCell(job.state()), ProgressCell(status),
          EtaCell(status), SampleCell(status, "loss"), SampleCell(status, "tokens_per_second"),
          CountCell(static_cast<uint64_t>(job.attempts_size())), TextCell(WorkersOf(job)),
          RunningForCell(job, now), TextCell(job.tenant()), TextCell(job.queue())}});
  }
  return table;
}

Table WaitingTable(const std::vector<v1::JobStatus>& jobs, absl::Time now) {
  Table table = MakeTable("waiting", "Waiting", "Nothing waits.",
                          {{"job", "Job", "", false, true},
                           {"kind", "Kind"},
                           {"state", "State"},
                           {"reason", "Why"},
                           {"waiting_seconds", "For"},
                           {"tenant", "Tenant"},
                           {"queue", ""}});
  for (const v1::JobStatus& status : jobs) {
    const v1::JobRecord& job = status.job();
    table.rows.push_back(
        {"",
         {JobCell(job), TextCell(KindOf(job.spec())), StateCell(job.state()), TextCell(job.reason()),
          SinceCell(job.submitted_unix_ms(), now), TextCell(job.tenant()), TextCell(job.queue())}});
  }
  return table;
}

Table EndedTable(const std::vector<v1::JobStatus>& jobs, absl::Time now) {
  Table table = MakeTable("ended", "Ended last", "Nothing has ended yet.",
                          {{"job", "Job", "", false, true},
                           {"kind", "Kind"},
                           {"state", "State"},
                           {"ended_seconds", "Ago", "", true},
                           {"took_seconds", "Took", "its last attempt", true},
                           {"attempts", "Attempts", "", true},
                           {"reason", "Why"},
                           {"output_id", ""},
                           {"tenant", "Tenant"}});
  for (const v1::JobStatus& status : jobs) {
    const v1::JobRecord& job = status.job();
    Cell took = EmptyCell();
    if (job.attempts_size() > 0) {
      const v1::AttemptRecord& last = job.attempts(job.attempts_size() - 1);
      took = DurationCell(absl::Milliseconds(last.ended_unix_ms() - last.started_unix_ms()));
    }
    table.rows.push_back({"",
                          {JobCell(job), TextCell(KindOf(job.spec())), StateCell(job.state()),
                           SinceCell(job.ended_unix_ms(), now), std::move(took),
                           CountCell(static_cast<uint64_t>(job.attempts_size())), TextCell(job.reason()),
                           TextCell(job.output_id()), TextCell(job.tenant())}});
  }
  return table;
}

std::string Counts(const JobBoard& board) {
  std::string html = "<ul class=\"counts\" id=\"counts\">";
  for (const auto& [state, count] : board.by_state) {
    if (count == 0) continue;
    absl::StrAppend(&html, "<li><b>", count, "</b> ", EscapeHtml(StateName(state)), "</li>");
  }
  return absl::StrCat(html, "</ul>\n");
}

std::string Curve(const std::string& job_id, const std::string& metric, bool live) {
  return absl::StrCat("<figure class=\"plot small\" data-plot=\"curve\" data-source=\"/api/v1/jobs/",
                      EscapeHtml(job_id), "/samples.json\" data-title=\"", EscapeHtml(job_id),
                      "\" data-metric=\"", EscapeHtml(metric), "\"", live ? " data-live" : "",
                      " hidden></figure>\n");
}

bool HasLoss(const v1::JobStatus& status) {
  return std::any_of(status.sample().metrics().begin(), status.sample().metrics().end(),
                     [](const v1::Metric& metric) { return metric.name() == "loss"; });
}

}  // namespace

std::vector<Table> JobTables(const JobBoard& board, absl::Time now) {
  return {RunningTable(board.running, now), WaitingTable(board.waiting, now), EndedTable(board.ended, now)};
}

std::string JobsPage(const PageFiles& files, const JobBoard& board, absl::Time now) {
  std::string body = absl::StrCat("<h1>Jobs</h1>\n", Counts(board), "<div data-refresh=\"2\">\n");
  for (const Table& table : JobTables(board, now)) {
    absl::StrAppend(&body, "<section data-part=\"", table.id, "\">\n", TableHtml(table), "</section>\n");
    if (table.id != "running") continue;
    absl::StrAppend(&body, "<div class=\"plots\" data-curves>\n");
    size_t curves = 0;
    for (const v1::JobStatus& status : board.running) {
      if (HasLoss(status) && curves++ < kCurvesMax)
        absl::StrAppend(&body, Curve(status.job().id(), "loss", true));
    }
    absl::StrAppend(&body, "</div>\n");
  }
  absl::StrAppend(&body, "</div>\n<p class=\"about\"><a href=\"/api/v1/jobs\">All jobs as JSON</a></p>\n");
  return FramePage(files, {"Jobs", "/jobs", body});
}

std::vector<Table> JobDetailTables(const v1::JobStatus& status, absl::Time now) {
  const v1::JobRecord& job = status.job();
  Table attempts = MakeTable("attempts", "Attempts", "It has not started.",
                             {{"attempt", "Attempt", "", false, true},
                              {"outcome", "Outcome"},
                              {"started", "Started"},
                              {"seconds", "Took"},
                              {"workers", "On"},
                              {"reason", "Why"}});
  for (const v1::AttemptRecord& attempt : job.attempts()) {
    const int64_t end = attempt.ended_unix_ms() > 0 ? attempt.ended_unix_ms() : absl::ToUnixMillis(now);
    attempts.rows.push_back({"",
                             {CountCell(attempt.number()), OutcomeCell(attempt.outcome()),
                              TextCell(FormatTime(attempt.started_unix_ms())),
                              DurationCell(absl::Milliseconds(end - attempt.started_unix_ms())),
                              TextCell(WorkersOf(attempt)), TextCell(attempt.reason())}});
  }
  Table checkpoints =
      MakeTable("checkpoints", "Checkpoints", "None is kept.",
                {{"step", "Step", "", false, true}, {"attempt", "Attempt"}, {"manifest_id", "Manifest"}});
  for (const v1::Checkpoint& checkpoint : job.checkpoints()) {
    checkpoints.rows.push_back({"",
                                {CountCell(checkpoint.step()), CountCell(checkpoint.attempt()),
                                 TextCell(checkpoint.manifest_id())}});
  }
  std::vector<Table> tables = {std::move(attempts), std::move(checkpoints)};
  for (Table& table : tables) {
    table.csv = absl::StrCat("/api/v1", JobPath(job.id()), "/", table.id, ".csv");
    table.json = absl::StrCat("/api/v1", JobPath(job.id()), "/", table.id, ".json");
  }
  return tables;
}

std::string JobPage(const PageFiles& files, const v1::JobStatus& status, const Table& samples,
                    absl::Time now) {
  const v1::JobRecord& job = status.job();
  const bool live = job.ended_unix_ms() == 0;
  std::string body =
      absl::StrCat("<p class=\"crumbs\"><a href=\"/jobs\">Jobs</a></p>\n<h1>", EscapeHtml(job.id()),
                   "</h1>\n", live ? "<div data-refresh=\"2\">\n" : "<div>\n", "<div data-part=\"facts\">\n",
                   JobFacts(status, now), "</div>\n");
  absl::StrAppend(&body,
                  "<div class=\"head\"><h3 id=\"samples-title\">Curves</h3><span class=\"forms\"><a href=\"",
                  EscapeHtml(samples.csv), "\">CSV</a> <a href=\"", EscapeHtml(samples.json),
                  "\">JSON</a></span></div>\n<div class=\"plots\" data-curves>\n");
  for (const Column& column : samples.columns) {
    if (column.key != "step") absl::StrAppend(&body, Curve(job.id(), column.key, live));
  }
  absl::StrAppend(&body, "</div>\n");
  if (samples.rows.empty()) absl::StrAppend(&body, "<p class=\"empty\">It has measured nothing yet.</p>\n");
  // The newest sample as text: what a curve's end would say.
  if (!samples.rows.empty())
    absl::StrAppend(&body, "<div data-part=\"newest\">", NewestSample(status), "</div>\n");
  for (const Table& table : JobDetailTables(status, now)) {
    absl::StrAppend(&body, "<section data-part=\"", table.id, "\">\n", TableHtml(table), "</section>\n");
  }
  absl::StrAppend(&body, "</div>\n<section><h2>Specification</h2>\n<pre class=\"spec\">",
                  EscapeHtml(SpecText(job.spec())), "</pre></section>\n");
  return FramePage(files, {job.id(), "/jobs", body});
}

}  // namespace bonsai
