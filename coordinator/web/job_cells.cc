#include "coordinator/web/job_cells.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/web/figures.h"
#include "coordinator/web/markup.h"
#include "coordinator/web/page_paths.h"

namespace bonsai {
namespace {

std::string Fact(const char* name, const std::string& html) {
  return html.empty() ? "" : absl::StrCat("<div><dt>", name, "</dt><dd>", html, "</dd></div>\n");
}

// 0 to 1.
double ShareDone(const v1::Progress& progress) {
  if (progress.total_steps() == 0) return 0;
  return std::min(1.0, static_cast<double>(progress.step()) / static_cast<double>(progress.total_steps()));
}

std::string ProgressText(const v1::Progress& progress) {
  return absl::StrCat(progress.step(), " of ", progress.total_steps(), " ", progress.unit());
}

}  // namespace

std::string KindOf(const v1::JobSpec& spec) {
  const auto* oneof = v1::JobSpec::descriptor()->FindOneofByName("spec");
  const auto* field = spec.GetReflection()->GetOneofFieldDescriptor(spec, oneof);
  return field == nullptr ? "" : field->name();
}

std::string StateName(v1::JobState state) { return absl::AsciiStrToLower(v1::JobState_Name(state)); }

std::string SpecText(const v1::JobSpec& spec) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(spec, &text);
  return text;
}

std::string WorkersOf(const v1::AttemptRecord& attempt) {
  std::vector<std::string> workers;
  for (const v1::Placement& placement : attempt.placements()) {
    const std::string where = placement.device_id().empty()
                                  ? placement.worker_id()
                                  : absl::StrCat(placement.worker_id(), "/", placement.device_id());
    if (std::find(workers.begin(), workers.end(), where) == workers.end()) workers.push_back(where);
  }
  return absl::StrJoin(workers, ", ");
}

std::string WorkersOf(const v1::JobRecord& job) {
  return job.attempts().empty() ? "" : WorkersOf(job.attempts(job.attempts_size() - 1));
}

Cell JobCell(const v1::JobRecord& job) { return TextCell(job.id(), JobPath(job.id())); }

Cell StateCell(v1::JobState state) {
  Cell cell = TextCell(StateName(state));
  if (state == v1::FAILED) cell.mark = "bad";
  if (state == v1::DONE) cell.mark = "good";
  return cell;
}

Cell OutcomeCell(v1::AttemptRecord::Outcome outcome) {
  if (outcome == v1::AttemptRecord::OUTCOME_UNSPECIFIED) return TextCell("running");
  Cell cell = TextCell(absl::AsciiStrToLower(v1::AttemptRecord::Outcome_Name(outcome)));
  if (outcome == v1::AttemptRecord::SUCCEEDED) {
    cell.mark = "good";
  } else if (outcome != v1::AttemptRecord::PREEMPTED && outcome != v1::AttemptRecord::CANCELLED) {
    cell.mark = "bad";
  }
  return cell;
}

Cell ProgressCell(const v1::JobStatus& status) {
  if (status.progress().total_steps() == 0) return EmptyCell();
  const std::string text = EscapeHtml(ProgressText(status.progress()));
  Cell cell;
  cell.value = ShareDone(status.progress());
  cell.html = absl::StrCat("<progress max=\"1\" value=\"", JsonNumber(ShareDone(status.progress())),
                           "\" aria-label=\"", text, "\"></progress><small>", text, "</small>");
  return cell;
}

Cell EtaCell(const v1::JobStatus& status) {
  const bool known = status.progress().total_steps() > 0 && status.progress().eta_seconds() >= 0;
  return known ? DurationCell(absl::Seconds(status.progress().eta_seconds())) : EmptyCell();
}

Cell SampleCell(const v1::JobStatus& status, absl::string_view metric) {
  for (const v1::Metric& candidate : status.sample().metrics()) {
    if (candidate.name() == metric) return NumberCell(candidate.value(), FormatFigure(candidate.value()));
  }
  return EmptyCell();
}

Cell DurationCell(absl::Duration duration) {
  return NumberCell(absl::ToDoubleSeconds(duration), DurationText(duration));
}

Cell SinceCell(int64_t unix_ms, absl::Time now) {
  return unix_ms == 0 ? EmptyCell()
                      : DurationCell(std::max(absl::ZeroDuration(), now - absl::FromUnixMillis(unix_ms)));
}

Cell RunningForCell(const v1::JobRecord& job, absl::Time now) {
  return job.attempts().empty() ? EmptyCell()
                                : SinceCell(job.attempts(job.attempts_size() - 1).started_unix_ms(), now);
}

std::string JobFacts(const v1::JobStatus& status, absl::Time now) {
  const v1::JobRecord& job = status.job();
  std::string html = "<dl class=\"facts\">\n";
  const Cell state = StateCell(job.state());
  absl::StrAppend(&html,
                  Fact("State", absl::StrCat("<span class=\"", state.mark, "\">", state.text, "</span>")));
  absl::StrAppend(&html, Fact("Why", EscapeHtml(job.reason())), Fact("Kind", KindOf(job.spec())));
  absl::StrAppend(&html, Fact("Progress", ProgressCell(status).html));
  if (job.ended_unix_ms() == 0) {
    absl::StrAppend(&html, Fact("Left", EtaCell(status).text), Fact("On", EscapeHtml(WorkersOf(job))));
  }
  absl::StrAppend(&html, Fact("Submitted", FormatTime(job.submitted_unix_ms())),
                  Fact("Ended", FormatTime(job.ended_unix_ms())),
                  job.ended_unix_ms() == 0 ? Fact("Running for", RunningForCell(job, now).text) : "",
                  Fact("Tenant", EscapeHtml(job.tenant())), Fact("Queue", EscapeHtml(job.queue())));
  if (!job.output_id().empty()) {
    const std::string id = absl::StrCat("<code class=\"hash\">", EscapeHtml(job.output_id()), "</code>");
    absl::StrAppend(
        &html, Fact("Output", KindOf(job.spec()) != "submission"
                                  ? id
                                  : absl::StrCat("<a href=\"", EscapeHtml(SubmissionPath(job.output_id())),
                                                 "\">", id, "</a>")));
  }
  return absl::StrCat(html, "</dl>\n");
}

std::string NewestSample(const v1::JobStatus& status) {
  if (status.sample().metrics().empty()) return "";
  std::vector<std::string> parts;
  for (const v1::Metric& metric : status.sample().metrics()) {
    parts.push_back(absl::StrCat(EscapeHtml(metric.name()), " <b>", FormatFigure(metric.value()), "</b>"));
  }
  return absl::StrCat("<p class=\"about\">Step ", status.sample().step(), ": ",
                      absl::StrJoin(parts, " \u00b7 "), "</p>\n");
}

}  // namespace bonsai
