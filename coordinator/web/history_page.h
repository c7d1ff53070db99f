// How the figure that a track ranks by changed from night to night: every submission of a name, newest first,
// with what changed and whether a paired test finds it. The plot is drawn from the table.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_HISTORY_PAGE_H_
#define BONSAI_COORDINATOR_WEB_HISTORY_PAGE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/web/page_frame.h"
#include "coordinator/web/table.h"

namespace bonsai {

// Every submission of the track, or those of `name` alone, newest first. Those without the ranking figure
// have a row, too: it says that there is none.
Table HistoryTable(const v1::Track& track, const std::vector<v1::LeaderboardRow>& rows,
                   absl::string_view name);

// `rows`: every submission. `query`: "track" and "name" show one track and one name, "sort" orders a table.
std::string HistoryPage(const PageFiles& files, const std::vector<v1::Track>& tracks,
                        const std::vector<v1::LeaderboardRow>& rows,
                        const std::map<std::string, std::string>& query);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_HISTORY_PAGE_H_
