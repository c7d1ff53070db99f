// A Coordinator service that answers from what a test put into it, on a free port of the loopback interface.
//
// Called by the client's tests and by fake_coordinator_main. Fill the fields before the calls that read them.
#ifndef BONSAI_CLIENT_TESTING_FAKE_COORDINATOR_H_
#define BONSAI_CLIENT_TESTING_FAKE_COORDINATOR_H_

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bonsai/v1/coordinator.grpc.pb.h"

namespace bonsai {

class FakeCoordinator final : public v1::Coordinator::Service {
 public:
  FakeCoordinator();
  ~FakeCoordinator() override;

  const std::string& address() const { return address_; }

  // Puts an artifact with these files there; returns its id. Its job is "p1/<kind>".
  std::string AddArtifact(const std::string& kind, const std::map<std::string, std::string>& files,
                          const v1::Lineage& lineage = {});
  std::vector<v1::SubmitPipelineRequest> submitted() const;

  grpc::Status submit_status;                    // what SubmitPipeline refuses with, if not OK
  int submits_lost = 0;                          // so many answers get lost on their way
  std::vector<v1::JobStatus> jobs;               // two to a page
  std::vector<v1::WatchPipelineResponse> watch;  // sent to each watcher
  int watches_broken = 0;                        // so many streams break after their first response
  std::string log;                               // sent in pieces of 4 bytes
  int logs_broken = 0;                           // so many streams break after their first piece
  std::map<std::string, std::string> blobs;      // by their names, which may be wrong
  std::map<std::string, v1::GetArtifactResponse> artifacts;  // by id
  std::map<std::string, std::string> uploads;                // what came of blobs whose upload broke off
  int uploads_broken = 0;                                    // so many uploads break after their first piece
  std::vector<std::string> put;  // ids of artifacts, in the order in which they were put
  v1::CollectGarbageResponse collected;
  std::vector<bool> collections;                    // each call's dry_run
  std::vector<v1::VerifyStorageResponse> verified;  // sent to who verifies
  std::vector<bool> quarantines;                    // each verification's
  std::vector<v1::WorkerStatus> workers;
  std::vector<v1::LeaderboardRow> rows;

 private:
  grpc::Status SubmitPipeline(grpc::ServerContext*, const v1::SubmitPipelineRequest* request,
                              v1::SubmitPipelineResponse* response) override;
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override;
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest* request,
                      v1::JobStatus* response) override;
  grpc::Status WatchPipeline(grpc::ServerContext*, const v1::WatchPipelineRequest* request,
                             grpc::ServerWriter<v1::WatchPipelineResponse>* writer) override;
  grpc::Status Cancel(grpc::ServerContext*, const v1::CancelRequest* request,
                      v1::CancelResponse* response) override;
  grpc::Status ReadLog(grpc::ServerContext*, const v1::ReadLogRequest* request,
                       grpc::ServerWriter<v1::ReadLogResponse>* writer) override;
  grpc::Status ListArtifacts(grpc::ServerContext*, const v1::ListArtifactsRequest* request,
                             v1::ListArtifactsResponse* response) override;
  grpc::Status GetArtifact(grpc::ServerContext*, const v1::GetArtifactRequest* request,
                           v1::GetArtifactResponse* response) override;
  grpc::Status ReadBlob(grpc::ServerContext*, const v1::ReadBlobRequest* request,
                        grpc::ServerWriter<v1::ReadBlobResponse>* writer) override;
  grpc::Status FindMissingBlobs(grpc::ServerContext*, const v1::FindMissingBlobsRequest* request,
                                v1::FindMissingBlobsResponse* response) override;
  grpc::Status WriteBlob(grpc::ServerContext*, grpc::ServerReader<v1::WriteBlobRequest>* reader,
                         v1::WriteBlobResponse* response) override;
  grpc::Status PutArtifact(grpc::ServerContext*, const v1::PutArtifactRequest* request,
                           v1::PutArtifactResponse* response) override;
  grpc::Status CollectGarbage(grpc::ServerContext*, const v1::CollectGarbageRequest* request,
                              v1::CollectGarbageResponse* response) override;
  grpc::Status VerifyStorage(grpc::ServerContext*, const v1::VerifyStorageRequest* request,
                             grpc::ServerWriter<v1::VerifyStorageResponse>* writer) override;
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                           v1::ListWorkersResponse* response) override;
  grpc::Status GetLeaderboard(grpc::ServerContext*, const v1::GetLeaderboardRequest*,
                              v1::GetLeaderboardResponse* response) override;

  mutable std::mutex mutex_;
  std::vector<v1::SubmitPipelineRequest> submitted_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

// The SHA-256 of bytes in hexadecimal digits.
std::string TestSha256(const std::string& bytes);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_TESTING_FAKE_COORDINATOR_H_
