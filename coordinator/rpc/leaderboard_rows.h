// The rows of all submissions that were accepted, ranked. Read from the store once each: an artifact never
// changes.
//
// Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_RPC_LEADERBOARD_ROWS_H_
#define BONSAI_COORDINATOR_RPC_LEADERBOARD_ROWS_H_

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/rpc/read_model.h"
#include "storage/blob_store.h"

namespace bonsai {

class LeaderboardRows {
 public:
  // All must outlive this.
  LeaderboardRows(BlobStore* blobs, const ReadModel* model, const std::vector<v1::Track>* tracks)
      : blobs_(blobs), model_(model), tracks_(tracks) {}

  // Of one track, or of all if `track` is empty: the newest submission of each tenant's names; with
  // `history`, behind each track's rows those that they replaced, not ranked. NotFound: no such track, with
  // the names there are. A submission whose blobs cannot be read any more is left out, with a line in the
  // log.
  absl::StatusOr<v1::GetLeaderboardResponse> Get(const std::string& track, bool history = false);

 private:
  absl::StatusOr<v1::LeaderboardRow> Row(const v1::ArtifactRecord& record);

  BlobStore* const blobs_;
  const ReadModel* const model_;
  const std::vector<v1::Track>* const tracks_;
  std::mutex mutex_;
  std::map<std::string, v1::LeaderboardRow> rows_;  // by submission id
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_LEADERBOARD_ROWS_H_
