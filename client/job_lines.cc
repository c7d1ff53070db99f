#include "client/job_lines.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/figures.h"
#include "client/text_layout.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

constexpr int kOtherMetricsMax = 2;

std::string OutcomeWord(v1::AttemptRecord::Outcome outcome) {
  switch (outcome) {
    case v1::AttemptRecord::FAILED:
      return "failed";
    case v1::AttemptRecord::BAD_INPUT:
      return "refused its input";
    case v1::AttemptRecord::PREEMPTED:
      return "left after a checkpoint";
    case v1::AttemptRecord::LOST:
      return "was lost with its worker";
    case v1::AttemptRecord::CANCELLED:
      return "was cancelled";
    case v1::AttemptRecord::HUNG:
      return "hung";
    case v1::AttemptRecord::TIMED_OUT:
      return "took too long";
    default:
      return "ended";
  }
}

void AppendMetrics(const v1::Sample& sample, std::vector<std::string>& parts) {
  const size_t before = parts.size();
  for (const v1::Metric& metric : sample.metrics()) {
    if (metric.name() == "loss") parts.push_back(absl::StrCat("loss ", FormatValue(metric.value())));
  }
  for (const v1::Metric& metric : sample.metrics()) {
    if (metric.name() == "tokens_per_second")
      parts.push_back(absl::StrCat(FormatRate(metric.value()), " tok/s"));
  }
  if (parts.size() > before) return;
  for (int i = 0; i < std::min(sample.metrics_size(), kOtherMetricsMax); ++i) {
    parts.push_back(
        absl::StrCat(Printable(sample.metrics(i).name()), " ", FormatValue(sample.metrics(i).value())));
  }
}

}  // namespace

std::string StateWord(v1::JobState state) {
  switch (state) {
    case v1::WAITING:
      return "waiting";
    case v1::READY:
      return "ready";
    case v1::RUNNING:
      return "running";
    case v1::CANCELLING:
      return "stopping";
    case v1::DONE:
      return "done";
    case v1::FAILED:
      return "FAILED";
    case v1::CANCELLED:
      return "cancelled";
    default:
      return "unknown";
  }
}

std::string JobName(const v1::JobRecord& job) {
  if (!job.spec().name().empty()) return Printable(job.spec().name());
  return Printable(job.id().substr(job.id().find('/') + 1));
}

std::vector<std::string> ProgressParts(const v1::JobStatus& status) {
  std::vector<std::string> parts;
  const v1::Progress& progress = status.progress();
  const std::string unit = progress.unit().empty() ? "" : absl::StrCat(" ", Printable(progress.unit()));
  if (progress.total_steps() > 0) {
    parts.push_back(absl::StrCat(progress.step(), "/", progress.total_steps(), unit));
  } else if (progress.step() > 0) {
    parts.push_back(absl::StrCat(progress.step(), unit));
  }
  AppendMetrics(status.sample(), parts);
  const double eta = progress.eta_seconds();
  if (status.job().state() == v1::RUNNING && std::isfinite(eta) && eta > 0) {
    parts.push_back(absl::StrCat("ETA ", FormatSeconds(eta)));
  }
  return parts;
}

double ProgressShare(const v1::JobStatus& status) {
  if (status.job().state() == v1::DONE) return 1;
  const v1::Progress& progress = status.progress();
  if (progress.total_steps() == 0) return -1;
  return std::min(1.0, static_cast<double>(progress.step()) / static_cast<double>(progress.total_steps()));
}

absl::Duration RunTime(const v1::JobRecord& job, absl::Time now) {
  if (job.attempts().empty() || job.attempts(0).started_unix_ms() == 0) return absl::ZeroDuration();
  const absl::Time start = absl::FromUnixMillis(job.attempts(0).started_unix_ms());
  const absl::Time end =
      HasEnded(job.state()) && job.ended_unix_ms() > 0 ? absl::FromUnixMillis(job.ended_unix_ms()) : now;
  return std::max(absl::ZeroDuration(), end - start);
}

std::string WhyText(const v1::JobRecord& job) {
  if (job.state() == v1::DONE) return "";
  std::string why = Printable(job.reason());
  const int attempts = job.attempts_size();
  if (attempts > 1 && !HasEnded(job.state())) {
    const v1::AttemptRecord& before = job.attempts(attempts - 2);
    absl::StrAppend(&why, why.empty() ? "" : "; ", "attempt ", job.attempts(attempts - 1).number(),
                    ": attempt ", before.number(), " ", OutcomeWord(before.outcome()),
                    before.reason().empty() ? "" : absl::StrCat(" (", Printable(before.reason()), ")"));
  }
  return why;
}

}  // namespace bonsai
