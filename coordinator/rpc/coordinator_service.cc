#include "coordinator/rpc/coordinator_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/rpc/grpc_call.h"
#include "coordinator/rpc/log_stream.h"
#include "coordinator/rpc/pipeline_watch.h"

namespace bonsai {
namespace {

constexpr size_t kExplainedJobsMax = 100;

bool Waits(const v1::JobStatus& status) {
  return status.job().state() == v1::WAITING || status.job().state() == v1::READY;
}

}  // namespace

absl::Status CoordinatorService::NoSuchJob(const std::string& id) {
  return absl::NotFoundError(absl::StrCat("there is no job \"", id, "\""));
}

void CoordinatorService::Explain(std::vector<v1::JobStatus*> jobs) const {
  std::vector<v1::JobStatus*> waiting;
  std::vector<std::string> ids;
  for (v1::JobStatus* status : jobs) {
    if (!Waits(*status) || waiting.size() >= kExplainedJobsMax) continue;
    waiting.push_back(status);
    ids.push_back(status->job().id());
  }
  if (waiting.empty()) return;
  absl::StatusOr<std::vector<std::string>> reasons = parts_.loop->ExplainPending(std::move(ids));
  if (!reasons.ok()) return;  // the reason on record stays
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (!(*reasons)[i].empty()) waiting[i]->mutable_job()->set_reason((*reasons)[i]);
  }
}

template <typename Response>
absl::Status CoordinatorService::Stream(
    grpc::ServerContext* context, grpc::ServerWriter<Response>* writer,
    const std::function<absl::Status(const CallStream<Response>&)>& call) {
  struct Slot {
    std::atomic<int>& count;
    ~Slot() { --count; }
  };
  const int running = ++streams_;
  const Slot slot{streams_};
  if (running > kStreamsMax) {
    return absl::ResourceExhaustedError(absl::StrCat("the coordinator serves ", kStreamsMax,
                                                     " watchers and log readers already; try again later"));
  }
  writer->SendInitialMetadata();  // the reader knows that it is served, before there is anything to say
  CallStream<Response> stream;
  stream.write = [writer](const Response& response) { return writer->Write(response); };
  stream.cancelled = [context] { return context->IsCancelled(); };
  stream.stopping = [this] { return parts_.stopping->load(); };
  return call(stream);
}

grpc::Status CoordinatorService::SubmitPipeline(grpc::ServerContext* context,
                                                const v1::SubmitPipelineRequest* request,
                                                v1::SubmitPipelineResponse* response) {
  return RunCall(parts_.metrics, "SubmitPipeline",
                 [&] { return Take(parts_.submission->Submit(*request, ActorOf(*context)), response); });
}

grpc::Status CoordinatorService::ListJobs(grpc::ServerContext* context, const v1::ListJobsRequest* request,
                                          v1::ListJobsResponse* response) {
  return RunCall(parts_.metrics, "ListJobs", [&] {
    absl::Status listed = Take(parts_.model->ListJobs(*request, ActorOf(*context)), response);
    std::vector<v1::JobStatus*> jobs(response->mutable_jobs()->pointer_begin(),
                                     response->mutable_jobs()->pointer_end());
    Explain(std::move(jobs));
    return listed;
  });
}

grpc::Status CoordinatorService::GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request,
                                        v1::JobStatus* response) {
  return RunCall(parts_.metrics, "GetJob", [&]() -> absl::Status {
    std::optional<v1::JobStatus> status = parts_.model->FindJob(request->job_id(), ActorOf(*context));
    if (!status) return NoSuchJob(request->job_id());
    *response = *std::move(status);
    Explain({response});
    return absl::OkStatus();
  });
}

grpc::Status CoordinatorService::WatchPipeline(grpc::ServerContext* context,
                                               const v1::WatchPipelineRequest* request,
                                               grpc::ServerWriter<v1::WatchPipelineResponse>* writer) {
  return RunCall(parts_.metrics, "WatchPipeline", [&]() -> absl::Status {
    if (!parts_.model->HasPipeline(request->pipeline_id(), ActorOf(*context))) {
      return absl::NotFoundError(absl::StrCat("there is no pipeline \"", request->pipeline_id(), "\""));
    }
    return Stream<v1::WatchPipelineResponse>(context, writer, [&](const auto& stream) {
      const auto explain = [this](std::vector<v1::JobStatus*> jobs) { Explain(std::move(jobs)); };
      return bonsai::WatchPipeline(*parts_.model, request->pipeline_id(), explain, stream);
    });
  });
}

grpc::Status CoordinatorService::Cancel(grpc::ServerContext* context, const v1::CancelRequest* request,
                                        v1::CancelResponse* response) {
  return RunCall(parts_.metrics, "Cancel", [&] {
    return Take(parts_.loop->Decide(CancelRequested{request->id(), ActorOf(*context)}), response);
  });
}

grpc::Status CoordinatorService::ReadLog(grpc::ServerContext* context, const v1::ReadLogRequest* request,
                                         grpc::ServerWriter<v1::ReadLogResponse>* writer) {
  return RunCall(parts_.metrics, "ReadLog", [&]() -> absl::Status {
    if (!parts_.model->FindJob(request->job_id(), ActorOf(*context))) return NoSuchJob(request->job_id());
    return Stream<v1::ReadLogResponse>(context, writer, [&](const auto& stream) {
      return StreamLog(*parts_.model, *parts_.logs, *request, stream);
    });
  });
}

grpc::Status CoordinatorService::ListArtifacts(grpc::ServerContext* context,
                                               const v1::ListArtifactsRequest* request,
                                               v1::ListArtifactsResponse* response) {
  return RunCall(parts_.metrics, "ListArtifacts",
                 [&] { return Take(parts_.model->ListArtifacts(*request, ActorOf(*context)), response); });
}

grpc::Status CoordinatorService::GetArtifact(grpc::ServerContext* context,
                                             const v1::GetArtifactRequest* request,
                                             v1::GetArtifactResponse* response) {
  return RunCall(parts_.metrics, "GetArtifact", [&]() -> absl::Status {
    const auto record = parts_.model->ResolveArtifact(request->id(), ActorOf(*context));
    if (!record.ok() && IsSource(*request)) {
      AddDescendants(request->id(), ActorOf(*context), response);
      return absl::OkStatus();
    }
    if (!record.ok()) return record.status();
    v1::GetArtifactRequest resolved = *request;
    resolved.set_id(record->id());
    absl::Status got = Take(parts_.catalog->Get(resolved), response);
    if (got.ok() && request->descendants()) AddDescendants(record->id(), ActorOf(*context), response);
    return got;
  });
}

grpc::Status CoordinatorService::ReadBlob(grpc::ServerContext* context, const v1::ReadBlobRequest* request,
                                          grpc::ServerWriter<v1::ReadBlobResponse>* writer) {
  return RunCall(parts_.metrics, "ReadBlob", [&]() -> absl::Status {
    if (parts_.access != nullptr) {
      const absl::Status may = parts_.access->Check(ActorOf(*context), request->sha256());
      if (!may.ok()) return may;
    }
    return Stream<v1::ReadBlobResponse>(
        context, writer, [&](const auto& stream) { return parts_.catalog->ReadBlob(*request, stream); });
  });
}

grpc::Status CoordinatorService::GetLeaderboard(grpc::ServerContext*,
                                                const v1::GetLeaderboardRequest* request,
                                                v1::GetLeaderboardResponse* response) {
  return RunCall(parts_.metrics, "GetLeaderboard", [&] {
    return Take(parts_.leaderboard->Get(request->track(), request->history()), response);
  });
}

}  // namespace bonsai
