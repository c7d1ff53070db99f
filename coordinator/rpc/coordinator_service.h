// The Coordinator service: thin. Each call is one line to the part that does it, between proto and status.
//
// gRPC calls it from many threads at once, one for each call that runs. Streams may wait for hours, so their
// number is bounded well below the server's threads: watchers cannot keep workers from synchronising.
#ifndef BONSAI_COORDINATOR_RPC_COORDINATOR_SERVICE_H_
#define BONSAI_COORDINATOR_RPC_COORDINATOR_SERVICE_H_

#include <atomic>
#include <vector>

#include "bonsai/v1/coordinator.grpc.pb.h"
#include "coordinator/rpc/artifact_catalog.h"
#include "coordinator/rpc/call_stream.h"
#include "coordinator/rpc/decision_loop.h"
#include "coordinator/rpc/leaderboard_rows.h"
#include "coordinator/rpc/pipeline_submission.h"
#include "coordinator/rpc/rank_logs.h"
#include "coordinator/rpc/read_model.h"
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
    LeaderboardRows* leaderboard;
    const RankLogs* logs;
    Metrics* metrics;
    const std::atomic<bool>* stopping;  // set: streams end with Unavailable
  };
  explicit CoordinatorService(const Parts& parts) : parts_(parts) {}

  grpc::Status SubmitPipeline(grpc::ServerContext*, const v1::SubmitPipelineRequest*,
                              v1::SubmitPipelineResponse*) override;
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest*, v1::ListJobsResponse*) override;
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest*, v1::JobStatus*) override;
  grpc::Status WatchPipeline(grpc::ServerContext*, const v1::WatchPipelineRequest*,
                             grpc::ServerWriter<v1::WatchPipelineResponse>*) override;
  grpc::Status Cancel(grpc::ServerContext*, const v1::CancelRequest*, v1::CancelResponse*) override;
  grpc::Status ReadLog(grpc::ServerContext*, const v1::ReadLogRequest*,
                       grpc::ServerWriter<v1::ReadLogResponse>*) override;
  grpc::Status ListArtifacts(grpc::ServerContext*, const v1::ListArtifactsRequest*,
                             v1::ListArtifactsResponse*) override;
  grpc::Status GetArtifact(grpc::ServerContext*, const v1::GetArtifactRequest*,
                           v1::GetArtifactResponse*) override;
  grpc::Status ReadBlob(grpc::ServerContext*, const v1::ReadBlobRequest*,
                        grpc::ServerWriter<v1::ReadBlobResponse>*) override;
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                           v1::ListWorkersResponse*) override;
  grpc::Status GetLeaderboard(grpc::ServerContext*, const v1::GetLeaderboardRequest*,
                              v1::GetLeaderboardResponse*) override;

 private:
  // Asks the loop why those that wait do so. Bounded: of a long list only the first are explained.
  void Explain(std::vector<v1::JobStatus*> jobs) const;
  template <typename Response>
  absl::Status Stream(grpc::ServerContext* context, grpc::ServerWriter<Response>* writer,
                      const std::function<absl::Status(const CallStream<Response>&)>& call);

  const Parts parts_;
  std::atomic<int> streams_{0};
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_COORDINATOR_SERVICE_H_
