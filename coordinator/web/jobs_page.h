// What runs, what waits and what ended last; and one job with its attempts, checkpoints and curves. The
// script keeps both pages up to date and draws the curves from the samples that the API gives.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_JOBS_PAGE_H_
#define BONSAI_COORDINATOR_WEB_JOBS_PAGE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/web/job_board.h"
#include "coordinator/web/page_frame.h"
#include "coordinator/web/table.h"

namespace bonsai {

// "running", "waiting" and "ended".
std::vector<Table> JobTables(const JobBoard& board, absl::Time now);
std::string JobsPage(const PageFiles& files, const JobBoard& board, absl::Time now);

// "attempts" and "checkpoints" of one job.
std::vector<Table> JobDetailTables(const v1::JobStatus& status, absl::Time now);
// `samples`: of the job, as SampleSeries::ToTable gives them.
std::string JobPage(const PageFiles& files, const v1::JobStatus& status, const Table& samples,
                    absl::Time now);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_JOBS_PAGE_H_
