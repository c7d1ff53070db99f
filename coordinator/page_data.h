// What pages are made of, gathered from the coordinator's parts: a submission with its lineage and first
// items, the curves of a job, the jobs at hand.
//
// Called on the HTTP server's threads. Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_PAGE_DATA_H_
#define BONSAI_COORDINATOR_PAGE_DATA_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/rpc/artifact_catalog.h"
#include "coordinator/rpc/decision_loop.h"
#include "coordinator/rpc/leaderboard_rows.h"
#include "coordinator/rpc/rank_logs.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/web/item_sample.h"
#include "coordinator/web/job_board.h"
#include "coordinator/web/metrics.h"
#include "coordinator/web/submission_page.h"
#include "storage/blob_store.h"

namespace bonsai {

// Items of a suite that a page shows, and that the API gives.
inline constexpr size_t kShownItemsMax = 10;
inline constexpr size_t kGivenItemsMax = 1000;

struct PageSources {
  DecisionLoop* loop;
  const ReadModel* model;
  LeaderboardRows* leaderboard;
  const std::vector<v1::Track>* tracks;
  Metrics* metrics;
  BlobStore* blobs;
  const ArtifactCatalog* catalog;
  const RankLogs* logs;
  std::string storage_dir;  // whose file system's room is shown
  std::string share_dir;    // with web/, the files that pages name
};

// The row of each name's newest submission, or of every submission.
absl::StatusOr<std::vector<v1::LeaderboardRow>> FindRows(const PageSources& sources, bool history);

// By the artifact's id or a unique prefix of it, with `items_max` items of each suite. NotFound if there is
// no such submission; InvalidArgument for what is no id.
absl::StatusOr<SubmissionView> FindSubmission(const PageSources& sources, const std::string& id,
                                              size_t items_max);

// The samples of the job's attempts, thinned. NotFound if there is no such job.
absl::StatusOr<Table> FindSamples(const PageSources& sources, const std::string& job_id);

// Looks at every job that is on record, as TakeCensus.
JobBoard TakeJobBoard(const ReadModel& model);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_PAGE_DATA_H_
