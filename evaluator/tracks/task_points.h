// The official points of a competition's entries. Called by the leaderboard with all rows of a track. Pure.
#ifndef BONSAI_EVALUATOR_TRACKS_TASK_POINTS_H_
#define BONSAI_EVALUATOR_TRACKS_TASK_POINTS_H_

#include <vector>

#include "bonsai/v1/report.pb.h"

namespace bonsai {

// Fills in points, points_total and geometric_mean of rows that are all entries of `track`; they depend on no
// order of the rows. In each task the best entry earns points_places (10) points, the next one less, down to
// 1, times the task's weight; an entry that was not measured in a task has no place in it. An entry's place
// is one more than the number of better ones. Equal entries: SHARED_BEST gives each the points of that place,
// AVERAGED the mean of the points of all places that they take up together.
void AwardPoints(const v1::Track& track, const std::vector<v1::LeaderboardRow*>& rows);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_TASK_POINTS_H_
