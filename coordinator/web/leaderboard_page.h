// The leaderboard: for each track a table with a column a task, each score beside the floor that no model is
// needed for, and what the plot of quality, throughput and memory is drawn from.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_LEADERBOARD_PAGE_H_
#define BONSAI_COORDINATOR_WEB_LEADERBOARD_PAGE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/web/page_frame.h"
#include "coordinator/web/table.h"

namespace bonsai {

// The table of one track: the rows of `rows` that are in it, in their order. Its columns are the track's
// tasks, or, where it names none, its ranking metric and then every metric that a row has.
Table LeaderboardTable(const v1::Track& track, const std::vector<v1::LeaderboardRow>& rows);

// `rows` as GetLeaderboard gives them: by track, then rank. `query` is the request's: "track" shows one
// track, "sort" orders a table (table.h).
std::string LeaderboardPage(const PageFiles& files, const std::vector<v1::Track>& tracks,
                            const std::vector<v1::LeaderboardRow>& rows,
                            const std::map<std::string, std::string>& query);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_LEADERBOARD_PAGE_H_
