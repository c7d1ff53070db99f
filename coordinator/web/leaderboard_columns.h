// The columns of a leaderboard's table, a group at a time: who entered, totals, tasks with their floors, what
// the model costs, and what a reader should know.
//
// Called by LeaderboardTable. Each appends to table.columns, and a cell to every row of table.rows: those of
// `rows`, in their order. Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_LEADERBOARD_COLUMNS_H_
#define BONSAI_COORDINATOR_WEB_LEADERBOARD_COLUMNS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/web/table.h"

namespace bonsai {

// Rows of one track; they outlive the call.
using RowPointers = std::vector<const v1::LeaderboardRow*>;

struct TaskColumn {
  std::string metric;  // "commonsenseqa/acc", or "benchmark/<target>/<figure>"
  std::string title;
  std::string task = {};  // whose points it earns; may be empty
  bool lower_is_better = false;
};

// The track's tasks; where it has none its ranking metric, then every other metric of a row.
std::vector<TaskColumn> TaskColumns(const v1::Track& track, const RowPointers& rows);

void AddEntryColumns(const RowPointers& rows, Table& table);
// Points and geometric mean, where a row has them.
void AddTotalColumns(const RowPointers& rows, Table& table);
void AddTaskColumns(const TaskColumn& task, const RowPointers& rows, Table& table);
// Parameters, peak memory (the most that a device needed), prefill and decode (the median; the fastest device
// that is not emulated).
void AddCostColumns(const RowPointers& rows, Table& table);
void AddRemarkColumns(const RowPointers& rows, Table& table);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_LEADERBOARD_COLUMNS_H_
