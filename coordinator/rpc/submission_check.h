// Whether a submission that a runner wrote may enter its track. The runner checked the rules too; this is the
// check that counts, at the moment of acceptance, from the manifests in the store: a track is enforced by the
// software.
//
// Pure over a BlobStore; safe to call from any thread.
#ifndef BONSAI_COORDINATOR_RPC_SUBMISSION_CHECK_H_
#define BONSAI_COORDINATOR_RPC_SUBMISSION_CHECK_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bonsai/v1/artifact.pb.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/report.pb.h"
#include "storage/blob_store.h"

namespace bonsai {

// The row in a submission's manifest. DataLoss if it is not there or cannot be parsed; as BlobStore::Get.
absl::StatusOr<v1::LeaderboardRow> ReadLeaderboardRow(BlobStore& blobs, const v1::Manifest& manifest);

// The record of the job, if there is one here.
using FindJobRecord = std::function<std::optional<v1::JobRecord>(const std::string& job_id)>;

// `job` is the submission job, its inputs resolved. `find_job` is asked where the track has a budget of time:
// what made or measured the model elsewhere, or is of another job of that name, is not known, and the budget
// does not hold. FailedPrecondition names what does not agree (the row's track or model with the job's) or
// each rule that does not hold; else as BlobStore and TraceLineage.
absl::Status CheckSubmission(BlobStore& blobs, const std::vector<v1::Track>& tracks,
                             const FindJobRecord& find_job, const v1::JobRecord& job,
                             const v1::Manifest& manifest);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_SUBMISSION_CHECK_H_
