// What a reader of the leaderboard should know about a row before he believes its figures. Called by the
// leaderboard and the submission check. Pure.
#ifndef BONSAI_EVALUATOR_TRACKS_ROW_FLAGS_H_
#define BONSAI_EVALUATOR_TRACKS_ROW_FLAGS_H_

#include <string>
#include <vector>

#include "bonsai/v1/report.pb.h"

namespace bonsai {

// In this order: suites whose answers are no model's ("commonsenseqa: answers A to every question"); figures
// that are no better than what one gets without a model ("commonsenseqa/acc 0.19 is not above 0.209 (constant
// answer C)"), of the metrics that the track names and of each suite's first one; questions that stand in the
// training data; what of the track's tasks, and of memory where it is limited, was not measured.
std::vector<std::string> FindFlags(const v1::Track& track, const v1::LeaderboardRow& row);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_ROW_FLAGS_H_
