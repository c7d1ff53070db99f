// The Coordinator service: thin. Each call is one line to the part that does it, between proto and status.
// Those that steer and explain jobs, workers and schedules are in coordinator_service_control.cc.
//
// gRPC calls it from many threads at once, one for each call that runs. Streams may wait for hours, so their
// number is bounded well below the server's threads: watchers cannot keep workers from synchronising.
#ifndef BONSAI_COORDINATOR_RPC_COORDINATOR_SERVICE_H_
#define BONSAI_COORDINATOR_RPC_COORDINATOR_SERVICE_H_

#include <atomic>
#include <utility>
#include <vector>

#include "bonsai/v1/coordinator.grpc.pb.h"
#include "coordinator/rpc/artifact_catalog.h"
#include "coordinator/rpc/artifact_import.h"
#include "coordinator/rpc/blob_access.h"
#include "coordinator/rpc/blob_intake.h"
#include "coordinator/rpc/call_guard.h"
#include "coordinator/rpc/call_stream.h"
#include "coordinator/rpc/decision_loop.h"
#include "coordinator/rpc/leaderboard_rows.h"
#include "coordinator/rpc/pipeline_submission.h"
#include "coordinator/rpc/rank_logs.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/rpc/storage_keeper.h"
#include "coordinator/web/metrics.h"

namespace bonsai {

// Streams that run at once; more are refused with ResourceExhausted.
inline constexpr int kStreamsMax = 256;

class CoordinatorService final : public v1::Coordinator::Service {
 public:
  // All must outlive the service.
  struct Parts {
    DecisionLoop* loop;
    const ReadModel* model;
    const PipelineSubmission* submission;
    const ArtifactCatalog* catalog;
    BlobIntake* intake;
    const ArtifactImport* imports;
    LeaderboardRows* leaderboard;
    const RankLogs* logs;
    StorageKeeper* keeper;  // nullptr in tests of calls that need none
    Metrics* metrics;
    const std::atomic<bool>* stopping;  // set: streams end with Unavailable
    const CallGuard* guard = nullptr;   // nullptr: calls are not authenticated
    BlobAccess* access = nullptr;       // nullptr: everybody may read every blob
  };
  explicit CoordinatorService(const Parts& parts) : parts_(parts) {}

  grpc::Status SubmitPipeline(grpc::ServerContext*, const v1::SubmitPipelineRequest*,
                              v1::SubmitPipelineResponse*) override;
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest*, v1::ListJobsResponse*) override;
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest*, v1::JobStatus*) override;
  grpc::Status WatchPipeline(grpc::ServerContext*, const v1::WatchPipelineRequest*,
                             grpc::ServerWriter<v1::WatchPipelineResponse>*) override;
  grpc::Status Cancel(grpc::ServerContext*, const v1::CancelRequest*, v1::CancelResponse*) override;
  grpc::Status Pause(grpc::ServerContext*, const v1::PauseRequest*, v1::PauseResponse*) override;
  grpc::Status Retry(grpc::ServerContext*, const v1::RetryRequest*, v1::RetryResponse*) override;
  grpc::Status ExplainJob(grpc::ServerContext*, const v1::ExplainJobRequest*,
                          v1::ExplainJobResponse*) override;
  grpc::Status GetHistory(grpc::ServerContext*, const v1::GetHistoryRequest*,
                          v1::GetHistoryResponse*) override;
  grpc::Status SetWorker(grpc::ServerContext*, const v1::SetWorkerRequest*, v1::SetWorkerResponse*) override;
  grpc::Status PutSchedule(grpc::ServerContext*, const v1::PutScheduleRequest*,
                           v1::PutScheduleResponse*) override;
  grpc::Status DeleteSchedule(grpc::ServerContext*, const v1::DeleteScheduleRequest*,
                              v1::DeleteScheduleResponse*) override;
  grpc::Status ListSchedules(grpc::ServerContext*, const v1::ListSchedulesRequest*,
                             v1::ListSchedulesResponse*) override;
  grpc::Status GetUsage(grpc::ServerContext*, const v1::GetUsageRequest*, v1::GetUsageResponse*) override;
  grpc::Status ReadLog(grpc::ServerContext*, const v1::ReadLogRequest*,
                       grpc::ServerWriter<v1::ReadLogResponse>*) override;
  grpc::Status ListArtifacts(grpc::ServerContext*, const v1::ListArtifactsRequest*,
                             v1::ListArtifactsResponse*) override;
  grpc::Status GetArtifact(grpc::ServerContext*, const v1::GetArtifactRequest*,
                           v1::GetArtifactResponse*) override;
  grpc::Status ReadBlob(grpc::ServerContext*, const v1::ReadBlobRequest*,
                        grpc::ServerWriter<v1::ReadBlobResponse>*) override;
  grpc::Status FindMissingBlobs(grpc::ServerContext*, const v1::FindMissingBlobsRequest*,
                                v1::FindMissingBlobsResponse*) override;
  grpc::Status WriteBlob(grpc::ServerContext*, grpc::ServerReader<v1::WriteBlobRequest>*,
                         v1::WriteBlobResponse*) override;
  grpc::Status PutArtifact(grpc::ServerContext*, const v1::PutArtifactRequest*,
                           v1::PutArtifactResponse*) override;
  grpc::Status VerifyStorage(grpc::ServerContext*, const v1::VerifyStorageRequest*,
                             grpc::ServerWriter<v1::VerifyStorageResponse>*) override;
  grpc::Status CollectGarbage(grpc::ServerContext*, const v1::CollectGarbageRequest*,
                              v1::CollectGarbageResponse*) override;
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                           v1::ListWorkersResponse*) override;
  grpc::Status GetLeaderboard(grpc::ServerContext*, const v1::GetLeaderboardRequest*,
                              v1::GetLeaderboardResponse*) override;

 private:
  // Moves a result into a response, or gives its error.
  template <typename Response>
  static absl::Status Take(absl::StatusOr<Response> result, Response* response) {
    if (!result.ok()) return result.status();
    *response = *std::move(result);
    return absl::OkStatus();
  }
  // Who makes a call. Every handler asks here, and nowhere else.
  Actor ActorOf(const grpc::ServerContext& context) const { return bonsai::ActorOf(parts_.guard, context); }
  static absl::Status NoSuchJob(const std::string& id);
  // Asks the loop why those that wait do so. Bounded: of a long list only the first are explained.
  void Explain(std::vector<v1::JobStatus*> jobs) const;
  // Whether it is what came of a file from outside that is asked for.
  bool IsSource(const v1::GetArtifactRequest& request) const;
  void AddDescendants(const std::string& id, const Actor& actor, v1::GetArtifactResponse* response) const;
  template <typename Response>
  absl::Status Stream(grpc::ServerContext* context, grpc::ServerWriter<Response>* writer,
                      const std::function<absl::Status(const CallStream<Response>&)>& call);

  const Parts parts_;
  std::atomic<int> streams_{0};
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_COORDINATOR_SERVICE_H_
