// The leaderboard's order. The coordinator calls it with the rows of all submissions. Pure.
#ifndef BONSAI_EVALUATOR_TRACKS_LEADERBOARD_H_
#define BONSAI_EVALUATOR_TRACKS_LEADERBOARD_H_

#include <vector>

#include "bonsai/v1/report.pb.h"

namespace bonsai {

// Fills in `rank` and sorts: by track name, then by the track's ranking metric, best first.
// The tie rule: rows with the same value have the same rank and the next rank counts all of them (1, 1, 3);
// within a tie the earlier created_unix_ms comes first, then the smaller submission_id. Rows without the
// metric, and rows of a track that is not in `tracks`, come last in their track with rank 0 (not ranked), in
// the same order.
std::vector<v1::LeaderboardRow> RankRows(const std::vector<v1::Track>& tracks,
                                         std::vector<v1::LeaderboardRow> rows);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_LEADERBOARD_H_
