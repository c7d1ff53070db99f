#include "client/schedule_view.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/forecast_view.h"
#include "client/text_table.h"

namespace bonsai {

std::string RenderSchedules(const v1::ListSchedulesResponse& response, absl::Time now, size_t width) {
  if (response.schedules().empty()) {
    return "no schedules; `bonsai schedule add FILE --cron '30 2 * * *'` makes one\n";
  }
  std::vector<std::vector<std::string>> rows;
  for (const v1::ScheduleRecord& schedule : response.schedules()) {
    rows.push_back({schedule.name(), schedule.cron(), FormatMoment(schedule.next_unix_ms(), now),
                    schedule.last_pipeline_id().empty() ? "-" : schedule.last_pipeline_id(),
                    absl::StrCat(absl::AsciiStrToLower(v1::ScheduleRecord::CatchUp_Name(schedule.catch_up())),
                                 schedule.overlap() ? ", overlap" : ""),
                    schedule.actor(), schedule.last_problem()});
  }
  return RenderTable({{"SCHEDULE"}, {"CRON (UTC)"}, {"NEXT"}, {"LAST"}, {"CATCH UP"}, {"WHO"}, {"PROBLEM"}},
                     rows, 0, width);
}

}  // namespace bonsai
