// The leaderboard for people: a table of the ranking, and below it a block per row with every figure beside
// its floor, every device, the rules, the data sets and the submission's id.
//
// Called by the verb `leaderboard`. Pure. What was not measured says so; nothing is left out.
#ifndef BONSAI_CLIENT_LEADERBOARD_VIEW_H_
#define BONSAI_CLIENT_LEADERBOARD_VIEW_H_

#include <cstddef>
#include <string>

#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

std::string RenderLeaderboard(const v1::GetLeaderboardResponse& response, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_LEADERBOARD_VIEW_H_
