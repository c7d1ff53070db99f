#include "client/forecast_view.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/figures.h"
#include "client/job_lines.h"
#include "client/text_layout.h"
#include "client/text_table.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

constexpr size_t kIndent = 2;

std::string Workers(const v1::JobForecast& forecast) {
  return forecast.worker_ids().empty() ? "-" : absl::StrJoin(forecast.worker_ids(), ", ");
}

// "needs 4 cpus; from the mean of 12 earlier build jobs"
std::string Why(const v1::JobForecast& forecast) {
  std::string why = forecast.why();
  if (!forecast.estimated_from().empty() && forecast.start_unix_ms() != 0) {
    absl::StrAppend(&why, why.empty() ? "" : "; ", "estimated from ", forecast.estimated_from());
  }
  return why;
}

bool Starts(v1::JobState state) { return state == v1::WAITING || state == v1::READY; }

}  // namespace

std::string FormatMoment(int64_t unix_ms, absl::Time now) {
  if (unix_ms == 0) return "-";
  const absl::Time time = absl::FromUnixMillis(unix_ms);
  const double seconds = absl::ToDoubleSeconds(time - now);
  if (std::abs(seconds) < 1) return "now";
  const absl::TimeZone zone = absl::LocalTimeZone();
  const bool same_day = absl::ToCivilDay(time, zone) == absl::ToCivilDay(now, zone);
  const std::string clock = absl::FormatTime(same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M", time, zone);
  return seconds > 0 ? absl::StrCat("in ", FormatSeconds(seconds), " (", clock, ")")
                     : absl::StrCat(FormatSeconds(-seconds), " ago (", clock, ")");
}

std::string RenderForecasts(const v1::SubmitPipelineResponse& response, absl::Time now, size_t width) {
  if (response.forecasts().empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const v1::JobForecast& forecast : response.forecasts()) {
    rows.push_back({forecast.job(), forecast.can_run() ? "yes" : "NO", Workers(forecast),
                    FormatMoment(forecast.start_unix_ms(), now), FormatMoment(forecast.end_unix_ms(), now),
                    Why(forecast)});
  }
  return RenderTable({{"JOB"}, {"RUNNABLE"}, {"WHERE"}, {"START"}, {"END"}, {"WHY"}}, rows, 0, width);
}

std::string RenderExplanation(absl::string_view job_id, const v1::ExplainJobResponse& response,
                              absl::Time now, size_t width) {
  std::string text = absl::StrCat(Printable(job_id), " is ", StateWord(response.state()));
  if (!response.reason().empty()) absl::StrAppend(&text, ": ", Printable(response.reason()));
  const std::vector<std::string> lines = WrapText(text, width);
  text = absl::StrCat(absl::StrJoin(lines, "\n"), "\n");
  std::vector<std::vector<std::string>> facts;
  const v1::JobForecast& forecast = response.forecast();
  if (response.has_forecast() && !HasEnded(response.state())) {
    if (Starts(response.state())) {
      facts.push_back({"runnable", forecast.can_run() ? "yes" : "no"});
      facts.push_back({"starts", FormatMoment(forecast.start_unix_ms(), now)});
    }
    if (forecast.end_unix_ms() != 0) facts.push_back({"ends", FormatMoment(forecast.end_unix_ms(), now)});
    if (!forecast.worker_ids().empty()) facts.push_back({"where", Workers(forecast)});
    if (!forecast.why().empty() && forecast.why() != response.reason())
      facts.push_back({"why", forecast.why()});
    if (!forecast.estimated_from().empty()) facts.push_back({"estimated from", forecast.estimated_from()});
  }
  for (const std::string& detail : response.details()) facts.push_back({"", detail});
  if (!facts.empty()) {
    const std::string table = RenderTable({{""}, {""}}, facts, kIndent, width);
    // Without the line of titles.
    absl::StrAppend(&text, table.substr(table.find('\n') + 1));
  }
  return text;
}

}  // namespace bonsai
