// The leaderboard as a page of HTML: one table per track, no script, nothing from elsewhere. Everything that
// a user could have written is escaped.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_LEADERBOARD_PAGE_H_
#define BONSAI_COORDINATOR_WEB_LEADERBOARD_PAGE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"

namespace bonsai {

// For text and for attribute values in double or single quotes.
std::string EscapeHtml(absl::string_view text);

// `rows` as GetLeaderboard gives them: by track, then rank. A track without rows shows as empty.
std::string LeaderboardPage(const std::vector<v1::Track>& tracks,
                            const std::vector<v1::LeaderboardRow>& rows);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_LEADERBOARD_PAGE_H_
