// The Workers service: thin. Synchronize reads what the reports name from storage, then asks the loop;
// AppendLog writes files. No disk is waited for on the loop's thread.
//
// gRPC calls it from many threads at once.
#ifndef BONSAI_COORDINATOR_RPC_WORKERS_SERVICE_H_
#define BONSAI_COORDINATOR_RPC_WORKERS_SERVICE_H_

#include "bonsai/v1/worker.grpc.pb.h"
#include "coordinator/rpc/artifact_check.h"
#include "coordinator/rpc/decision_loop.h"
#include "coordinator/rpc/rank_logs.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/web/metrics.h"

namespace bonsai {

class WorkersService final : public v1::Workers::Service {
 public:
  // All must outlive the service.
  struct Parts {
    DecisionLoop* loop;
    ReadModel* model;
    ArtifactCheck* check;
    RankLogs* logs;
    Metrics* metrics;
  };
  explicit WorkersService(const Parts& parts) : parts_(parts) {}

  grpc::Status Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest*,
                           v1::SynchronizeResponse*) override;
  grpc::Status AppendLog(grpc::ServerContext*, const v1::AppendLogRequest*, v1::AppendLogResponse*) override;

 private:
  absl::StatusOr<v1::SynchronizeResponse> Synchronize(const v1::SynchronizeRequest& request);
  void CheckArtifact(const v1::RankReport& report, const v1::JobRecord& job, const std::string& id,
                     WorkerSynchronized& event);
  absl::StatusOr<v1::AppendLogResponse> AppendLog(const v1::AppendLogRequest& request);

  const Parts parts_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_WORKERS_SERVICE_H_
