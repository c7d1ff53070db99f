// The coordinator as the client sees it: one method per call, errors that say what to do next. Only this
// file's .cc knows gRPC.
//
// Called by the verbs. Calls block; StopStreams may be called from another thread.
#ifndef BONSAI_CLIENT_COORDINATOR_CLIENT_H_
#define BONSAI_CLIENT_COORDINATOR_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "client/session.h"

namespace bonsai {

// Errors of all calls: Unavailable if nobody answers at the address (IsUnreachable), Unauthenticated if the
// two sides do not accept each other's certificates or the coordinator the token, Cancelled after
// StopStreams, and what the coordinator refused with.
class CoordinatorClient {
 public:
  // Nothing is dialled before the first call.
  explicit CoordinatorClient(const CoordinatorTarget& target);
  ~CoordinatorClient();
  CoordinatorClient(const CoordinatorClient&) = delete;
  CoordinatorClient& operator=(const CoordinatorClient&) = delete;

  const std::string& address() const { return address_; }

  absl::StatusOr<v1::SubmitPipelineResponse> SubmitPipeline(const v1::SubmitPipelineRequest& request);
  // All pages; with `limit`, the first so many jobs.
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const std::string& pipeline_id, uint32_t limit = 0);
  absl::StatusOr<v1::JobStatus> GetJob(const std::string& job_id);
  absl::StatusOr<v1::CancelResponse> Cancel(const std::string& id);
  // All pages.
  absl::StatusOr<v1::ListArtifactsResponse> ListArtifacts(const std::string& kind);
  absl::StatusOr<v1::GetArtifactResponse> GetArtifact(const std::string& id, bool lineage,
                                                      bool descendants = false);
  // May take as long as a pass over the storage does.
  absl::StatusOr<v1::CollectGarbageResponse> CollectGarbage(bool dry_run);
  absl::StatusOr<v1::ListWorkersResponse> ListWorkers();
  absl::StatusOr<v1::GetLeaderboardResponse> GetLeaderboard(const std::string& track, bool history = false);

  // The calls that steer and explain.
  absl::StatusOr<v1::PauseResponse> Call(const v1::PauseRequest& request);
  absl::StatusOr<v1::RetryResponse> Call(const v1::RetryRequest& request);
  absl::StatusOr<v1::ExplainJobResponse> Call(const v1::ExplainJobRequest& request);
  absl::StatusOr<v1::SetWorkerResponse> Call(const v1::SetWorkerRequest& request);
  absl::StatusOr<v1::PutScheduleResponse> Call(const v1::PutScheduleRequest& request);
  absl::StatusOr<v1::DeleteScheduleResponse> Call(const v1::DeleteScheduleRequest& request);
  absl::StatusOr<v1::ListSchedulesResponse> Call(const v1::ListSchedulesRequest& request);
  absl::StatusOr<v1::GetUsageResponse> Call(const v1::GetUsageRequest& request);
  // All pages.
  absl::StatusOr<v1::GetHistoryResponse> GetHistory(const std::string& job_id);

  // Streams. `take` returns false to end the call early, which is then OK.
  absl::Status WatchPipeline(const std::string& pipeline_id,
                             const std::function<bool(v1::WatchPipelineResponse)>& take);
  // Unavailable if the log has not come by `deadline`.
  absl::Status ReadLog(const v1::ReadLogRequest& request,
                       const std::function<bool(v1::ReadLogResponse)>& take,
                       absl::Time deadline = absl::InfiniteFuture());
  absl::Status ReadBlob(const v1::ReadBlobRequest& request,
                        const std::function<bool(v1::ReadBlobResponse)>& take);

  // Which of the blobs, at most 10000, the coordinator lacks, and how much of each has come.
  absl::StatusOr<v1::FindMissingBlobsResponse> FindMissingBlobs(const v1::FindMissingBlobsRequest& request);
  // Sends what `next` fills in until it says false, or fails.
  absl::Status WriteBlob(const std::function<absl::StatusOr<bool>(v1::WriteBlobRequest*)>& next);
  // The coordinator reads all of the artifact before it answers.
  absl::StatusOr<v1::PutArtifactResponse> PutArtifact(const std::string& manifest_id);
  absl::Status VerifyStorage(const v1::VerifyStorageRequest& request,
                             const std::function<bool(v1::VerifyStorageResponse)>& take);

  // Ends the stream that runs, and every later one.
  void StopStreams();

 private:
  struct Connection;

  const std::string address_;
  const std::unique_ptr<Connection> connection_;
};

// Whether the coordinator was not reached, or went away: trying again may help.
bool IsUnreachable(const absl::Status& status);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_COORDINATOR_CLIENT_H_
