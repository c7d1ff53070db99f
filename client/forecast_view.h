// Whether, where and when a job will run, and why it does not run now: what `submit --dry-run` and `why`
// print.
//
// Pure; times are passed in.
#ifndef BONSAI_CLIENT_FORECAST_VIEW_H_
#define BONSAI_CLIENT_FORECAST_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

// "now", "in 3m05s (14:03:12)", "4m10s ago (13:58:02)", with the day if it is another one; "-" if not known
// (0). Local time.
std::string FormatMoment(int64_t unix_ms, absl::Time now);

// A table of the forecasts of a dry run, one job a row; empty if there are none.
std::string RenderForecasts(const v1::SubmitPipelineResponse& response, absl::Time now, size_t width);

std::string RenderExplanation(absl::string_view job_id, const v1::ExplainJobResponse& response,
                              absl::Time now, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_FORECAST_VIEW_H_
