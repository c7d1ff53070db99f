// The leaderboard's order. The coordinator calls it with the rows of all submissions. Pure.
#ifndef BONSAI_EVALUATOR_TRACKS_LEADERBOARD_H_
#define BONSAI_EVALUATOR_TRACKS_LEADERBOARD_H_

#include <string>
#include <vector>

#include "bonsai/v1/report.pb.h"

namespace bonsai {

// Fills in rank, points, points_total, geometric_mean and flags, and sorts: by track name, then by the
// track's ranking, best first: its ranking metric, "points" (points_total) or "geometric_mean". Points are
// shared out among the rows that are given (task_points.h), so they must be all entries of each track and no
// others.
// The tie rule of ranks: rows with the same value have the same rank and the next rank counts all of them
// (1, 1, 3); within a tie the earlier created_unix_ms comes first, then the smaller submission_id. Rows
// without the metric, and rows of a track that is not in `tracks`, come last in their track with rank 0 (not
// ranked), in the same order.
std::vector<v1::LeaderboardRow> RankRows(const std::vector<v1::Track>& tracks,
                                         std::vector<v1::LeaderboardRow> rows);

// A row, and who entered it: names are their owners' own.
struct OwnedRow {
  std::string owner;
  v1::LeaderboardRow row;
};

// Splits off what a later submission of the same owner, name and track replaced (of the same instant, the
// larger submission_id replaces). What is left is in the order in which it came.
struct NewestRows {
  std::vector<v1::LeaderboardRow> newest;
  std::vector<v1::LeaderboardRow> replaced;
};
NewestRows SplitNewest(std::vector<OwnedRow> rows);

// The ranked rows, and behind those of each track the replaced ones, newest first, with rank 0 and no points.
std::vector<v1::LeaderboardRow> JoinHistory(const std::vector<v1::Track>& tracks,
                                            std::vector<v1::LeaderboardRow> ranked,
                                            std::vector<v1::LeaderboardRow> replaced);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_LEADERBOARD_H_
