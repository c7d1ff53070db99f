#include "client/coordinator_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bonsai/v1/coordinator.grpc.pb.h"
#include "client/call_status.h"
#include "security/grpc_credentials.h"

namespace bonsai {
namespace {

constexpr std::chrono::seconds kCallDeadline(30);
// Of a call for which the coordinator reads an artifact, or looks at every blob: a terabyte at 300 MB/s.
constexpr std::chrono::hours kReadAllDeadline(1);
constexpr int kMessageBytesMax = 64 << 20;
// A coordinator that pages forever is broken.
constexpr int kPagesMax = 10000;

}  // namespace

struct CoordinatorClient::Connection {
  explicit Connection(std::optional<Credentials> shown) : credentials(std::move(shown)) {}

  const std::optional<Credentials> credentials;
  std::unique_ptr<v1::Coordinator::Stub> stub;
  std::mutex mutex;
  grpc::ClientContext* stream = nullptr;  // the one that runs
  bool stopped = false;

  // Makes StopStreams reach this call. False if streams were stopped already.
  bool Register(grpc::ClientContext* context) {
    const std::lock_guard<std::mutex> lock(mutex);
    stream = context;
    return !stopped;
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::Coordinator::Stub::*method)(grpc::ClientContext*,
                                                                              const Request&, Response*),
                                const Request& request, const std::string& address,
                                std::chrono::seconds deadline = kCallDeadline) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    Response response;
    const grpc::Status status = (stub.get()->*method)(&context, request, &response);
    if (!status.ok()) return CallStatus(status, address, credentials);
    return response;
  }

  template <typename Reader, typename Response>
  absl::Status Drain(grpc::ClientContext* context, Reader reader, const std::function<bool(Response)>& take,
                     const std::string& address) {
    Response response;
    bool wanted = true;
    while (wanted && reader->Read(&response)) wanted = take(std::move(response));
    if (!wanted) context->TryCancel();
    const grpc::Status status = reader->Finish();
    Register(nullptr);
    return wanted ? CallStatus(status, address, credentials) : absl::OkStatus();
  }
};

CoordinatorClient::CoordinatorClient(const CoordinatorTarget& target)
    : address_(target.address), connection_(std::make_unique<Connection>(target.credentials)) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  // A coordinator that was restarted is found again soon.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  // gRPC gives up a connection that is not made within this: a busy machine needs its time.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // It tries an address that failed again only after it has looked it up again.
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 200);
  // Loopback addresses and clusters are not reached through a proxy.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  connection_->stub = v1::Coordinator::NewStub(grpc::CreateCustomChannel(
      address_,
      target.credentials ? MakeChannelCredentials(*target.credentials) : grpc::InsecureChannelCredentials(),
      arguments));
}

CoordinatorClient::~CoordinatorClient() = default;

absl::StatusOr<v1::SubmitPipelineResponse> CoordinatorClient::SubmitPipeline(
    const v1::SubmitPipelineRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::SubmitPipeline, request, address_);
}

absl::StatusOr<v1::ListJobsResponse> CoordinatorClient::ListJobs(const std::string& pipeline_id,
                                                                 uint32_t limit) {
  v1::ListJobsRequest request;
  request.set_pipeline_id(pipeline_id);
  request.set_page_size(limit);
  v1::ListJobsResponse all;
  for (int page = 0; page < kPagesMax; ++page) {
    auto response = connection_->Call(&v1::Coordinator::Stub::ListJobs, request, address_);
    if (!response.ok()) return response;
    all.mutable_jobs()->MergeFrom(response->jobs());
    if (response->next_page_token().empty() || limit > 0) return all;
    request.set_page_token(response->next_page_token());
  }
  return absl::InternalError("the coordinator's list of jobs does not end");
}

absl::StatusOr<v1::JobStatus> CoordinatorClient::GetJob(const std::string& job_id) {
  v1::GetJobRequest request;
  request.set_job_id(job_id);
  return connection_->Call(&v1::Coordinator::Stub::GetJob, request, address_);
}

absl::StatusOr<v1::CancelResponse> CoordinatorClient::Cancel(const std::string& id) {
  v1::CancelRequest request;
  request.set_id(id);
  return connection_->Call(&v1::Coordinator::Stub::Cancel, request, address_);
}

absl::StatusOr<v1::ListArtifactsResponse> CoordinatorClient::ListArtifacts(const std::string& kind) {
  v1::ListArtifactsRequest request;
  request.set_kind(kind);
  v1::ListArtifactsResponse all;
  for (int page = 0; page < kPagesMax; ++page) {
    auto response = connection_->Call(&v1::Coordinator::Stub::ListArtifacts, request, address_);
    if (!response.ok()) return response;
    all.mutable_artifacts()->MergeFrom(response->artifacts());
    if (response->next_page_token().empty()) return all;
    request.set_page_token(response->next_page_token());
  }
  return absl::InternalError("the coordinator's list of artifacts does not end");
}

absl::StatusOr<v1::CollectGarbageResponse> CoordinatorClient::CollectGarbage(bool dry_run) {
  v1::CollectGarbageRequest request;
  request.set_dry_run(dry_run);
  return connection_->Call(&v1::Coordinator::Stub::CollectGarbage, request, address_, kReadAllDeadline);
}

absl::Status CoordinatorClient::VerifyStorage(const v1::VerifyStorageRequest& request,
                                              const std::function<bool(v1::VerifyStorageResponse)>& take) {
  grpc::ClientContext context;
  if (!connection_->Register(&context)) return absl::CancelledError("stopped");
  return connection_->Drain(&context, connection_->stub->VerifyStorage(&context, request), take, address_);
}

absl::StatusOr<v1::GetArtifactResponse> CoordinatorClient::GetArtifact(const std::string& id, bool lineage,
                                                                       bool descendants) {
  v1::GetArtifactRequest request;
  request.set_id(id);
  request.set_lineage(lineage);
  request.set_descendants(descendants);
  return connection_->Call(&v1::Coordinator::Stub::GetArtifact, request, address_);
}

absl::StatusOr<v1::ListWorkersResponse> CoordinatorClient::ListWorkers() {
  return connection_->Call(&v1::Coordinator::Stub::ListWorkers, v1::ListWorkersRequest(), address_);
}

absl::StatusOr<v1::GetLeaderboardResponse> CoordinatorClient::GetLeaderboard(const std::string& track,
                                                                             bool history) {
  v1::GetLeaderboardRequest request;
  request.set_history(history);
  request.set_track(track);
  return connection_->Call(&v1::Coordinator::Stub::GetLeaderboard, request, address_);
}

absl::StatusOr<v1::PauseResponse> CoordinatorClient::Call(const v1::PauseRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::Pause, request, address_);
}

absl::StatusOr<v1::RetryResponse> CoordinatorClient::Call(const v1::RetryRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::Retry, request, address_);
}

absl::StatusOr<v1::ExplainJobResponse> CoordinatorClient::Call(const v1::ExplainJobRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::ExplainJob, request, address_);
}

absl::StatusOr<v1::SetWorkerResponse> CoordinatorClient::Call(const v1::SetWorkerRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::SetWorker, request, address_);
}

absl::StatusOr<v1::PutScheduleResponse> CoordinatorClient::Call(const v1::PutScheduleRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::PutSchedule, request, address_);
}

absl::StatusOr<v1::DeleteScheduleResponse> CoordinatorClient::Call(const v1::DeleteScheduleRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::DeleteSchedule, request, address_);
}

absl::StatusOr<v1::ListSchedulesResponse> CoordinatorClient::Call(const v1::ListSchedulesRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::ListSchedules, request, address_);
}

absl::StatusOr<v1::GetUsageResponse> CoordinatorClient::Call(const v1::GetUsageRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::GetUsage, request, address_);
}

absl::StatusOr<v1::GetHistoryResponse> CoordinatorClient::GetHistory(const std::string& job_id) {
  v1::GetHistoryRequest request;
  request.set_job_id(job_id);
  v1::GetHistoryResponse all;
  for (int page = 0; page < kPagesMax; ++page) {
    auto response = connection_->Call(&v1::Coordinator::Stub::GetHistory, request, address_);
    if (!response.ok()) return response;
    if (response->entries().empty()) return all;
    request.set_after(response->entries(response->entries_size() - 1).number());
    all.mutable_entries()->MergeFrom(response->entries());
  }
  return absl::InternalError("the coordinator's history of a job does not end");
}

absl::Status CoordinatorClient::WatchPipeline(const std::string& pipeline_id,
                                              const std::function<bool(v1::WatchPipelineResponse)>& take) {
  v1::WatchPipelineRequest request;
  request.set_pipeline_id(pipeline_id);
  grpc::ClientContext context;
  if (!connection_->Register(&context)) return absl::CancelledError("stopped");
  return connection_->Drain(&context, connection_->stub->WatchPipeline(&context, request), take, address_);
}

absl::Status CoordinatorClient::ReadLog(const v1::ReadLogRequest& request,
                                        const std::function<bool(v1::ReadLogResponse)>& take,
                                        absl::Time deadline) {
  grpc::ClientContext context;
  if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
  if (!connection_->Register(&context)) return absl::CancelledError("stopped");
  return connection_->Drain(&context, connection_->stub->ReadLog(&context, request), take, address_);
}

absl::Status CoordinatorClient::ReadBlob(const v1::ReadBlobRequest& request,
                                         const std::function<bool(v1::ReadBlobResponse)>& take) {
  grpc::ClientContext context;
  if (!connection_->Register(&context)) return absl::CancelledError("stopped");
  return connection_->Drain(&context, connection_->stub->ReadBlob(&context, request), take, address_);
}

absl::StatusOr<v1::FindMissingBlobsResponse> CoordinatorClient::FindMissingBlobs(
    const v1::FindMissingBlobsRequest& request) {
  return connection_->Call(&v1::Coordinator::Stub::FindMissingBlobs, request, address_);
}

absl::Status CoordinatorClient::WriteBlob(
    const std::function<absl::StatusOr<bool>(v1::WriteBlobRequest*)>& next) {
  grpc::ClientContext context;
  if (!connection_->Register(&context)) return absl::CancelledError("stopped");
  v1::WriteBlobResponse response;
  auto writer = connection_->stub->WriteBlob(&context, &response);
  v1::WriteBlobRequest request;
  absl::StatusOr<bool> more = next(&request);
  while (more.ok() && *more && writer->Write(request)) more = next(&request);
  if (more.ok()) {
    writer->WritesDone();
  } else {
    context.TryCancel();
  }
  const grpc::Status status = writer->Finish();
  connection_->Register(nullptr);
  return more.ok() ? CallStatus(status, address_, connection_->credentials) : more.status();
}

absl::StatusOr<v1::PutArtifactResponse> CoordinatorClient::PutArtifact(const std::string& manifest_id) {
  v1::PutArtifactRequest request;
  request.set_manifest_id(manifest_id);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kReadAllDeadline);
  v1::PutArtifactResponse response;
  const grpc::Status status = connection_->stub->PutArtifact(&context, request, &response);
  if (!status.ok()) return CallStatus(status, address_, connection_->credentials);
  return response;
}

void CoordinatorClient::StopStreams() {
  const std::lock_guard<std::mutex> lock(connection_->mutex);
  connection_->stopped = true;
  if (connection_->stream != nullptr) connection_->stream->TryCancel();
}

bool IsUnreachable(const absl::Status& status) { return absl::IsUnavailable(status); }

}  // namespace bonsai
