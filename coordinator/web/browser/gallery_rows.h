// Invented figures that look like a cluster in use, for tests of pages: three tracks, a week of nights, a job
// that runs, workers of all states, and names that would be markup if they were not escaped.
//
// Called by the gallery and by tests of pages. Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_BROWSER_GALLERY_ROWS_H_
#define BONSAI_COORDINATOR_WEB_BROWSER_GALLERY_ROWS_H_

#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/web/job_board.h"
#include "coordinator/web/submission_page.h"

namespace bonsai {

std::vector<v1::Track> InventTracks();
// The newest of each name, ranked; or every night's, too.
std::vector<v1::LeaderboardRow> InventRows(bool history);
SubmissionView InventView(const v1::LeaderboardRow& row);
JobBoard InventBoard(absl::Time now);
std::vector<v1::WorkerStatus> InventWorkers();

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_BROWSER_GALLERY_ROWS_H_
