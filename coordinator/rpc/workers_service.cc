#include "coordinator/rpc/workers_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/rpc/grpc_call.h"
#include "coordinator/rpc/stderr_log.h"

namespace bonsai {
namespace {

constexpr int kRanksPerWorkerMax = 1024;
constexpr int kDevicesPerWorkerMax = 256;
constexpr size_t kIdCharactersMax = 128;

absl::Status CheckId(absl::string_view field, absl::string_view id) {
  if (!id.empty() && id.size() <= kIdCharactersMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": has ", id.size(), " characters; give 1 to ", kIdCharactersMax));
}

absl::Status CheckRequest(const v1::SynchronizeRequest& request) {
  if (absl::Status id = CheckId("worker_id", request.worker_id()); !id.ok()) return id;
  if (absl::Status id = CheckId("session", request.session()); !id.ok()) return id;
  if (request.ranks_size() > kRanksPerWorkerMax) {
    return absl::InvalidArgumentError(absl::StrCat("ranks: worker ", request.worker_id(), " reports ",
                                                   request.ranks_size(), "; at most ", kRanksPerWorkerMax));
  }
  if (request.offer().devices_size() > kDevicesPerWorkerMax) {
    return absl::InvalidArgumentError(absl::StrCat("offer.devices: worker ", request.worker_id(), " offers ",
                                                   request.offer().devices_size(), "; at most ",
                                                   kDevicesPerWorkerMax));
  }
  return absl::OkStatus();
}

const v1::AttemptRecord* FindAttempt(const v1::JobRecord& job, uint32_t number) {
  for (const v1::AttemptRecord& attempt : job.attempts()) {
    if (attempt.number() == number) return &attempt;
  }
  return nullptr;
}

}  // namespace

grpc::Status WorkersService::Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest* request,
                                         v1::SynchronizeResponse* response) {
  return RunCall(parts_.metrics, "Synchronize", [&]() -> absl::Status {
    absl::StatusOr<v1::SynchronizeResponse> result = Synchronize(*request);
    if (!result.ok()) return result.status();
    *response = *std::move(result);
    return absl::OkStatus();
  });
}

void WorkersService::CheckArtifact(const v1::RankReport& report, const v1::JobRecord& job,
                                   const std::string& id, WorkerSynchronized& event) {
  if (id.empty() || event.artifacts.count(id) > 0 || parts_.model->FindArtifact(id)) return;
  for (const v1::Checkpoint& known : job.checkpoints()) {
    if (known.manifest_id() == id) return;
  }
  absl::StatusOr<v1::ArtifactRecord> record = parts_.check->Check(job, id);
  if (record.ok()) {
    event.artifacts[id] = *std::move(record);
    return;
  }
  event.refused[id] = std::string(record.status().message());
  LogSubject subject;
  subject.job = report.job_id();
  subject.attempt = report.attempt();
  subject.rank = report.rank();
  subject.level = "warning";
  LogLine(absl::StrCat("artifact ", id, " is not accepted: ", record.status().ToString()), subject);
}

absl::StatusOr<v1::SynchronizeResponse> WorkersService::Synchronize(const v1::SynchronizeRequest& request) {
  if (absl::Status valid = CheckRequest(request); !valid.ok()) return valid;
  WorkerSynchronized event{request, {}, {}};
  for (const v1::RankReport& report : request.ranks()) {
    if (report.output_id().empty() && report.checkpoint().manifest_id().empty()) continue;
    // What an older attempt says is not accepted, so its files need not be read. A worker learns of an
    // attempt only after the read model has it.
    std::optional<v1::JobStatus> status = parts_.model->FindJob(report.job_id());
    if (!status || status->job().attempts().empty() ||
        status->job().attempts().rbegin()->number() != report.attempt()) {
      continue;
    }
    CheckArtifact(report, status->job(), report.checkpoint().manifest_id(), event);
    CheckArtifact(report, status->job(), report.output_id(), event);
  }
  absl::StatusOr<v1::SynchronizeResponse> response = parts_.loop->Decide(std::move(event));
  if (!response.ok()) return response;
  for (const v1::RankReport& report : request.ranks())
    parts_.model->TakeProgress(request.worker_id(), report);
  return response;
}

grpc::Status WorkersService::AppendLog(grpc::ServerContext*, const v1::AppendLogRequest* request,
                                       v1::AppendLogResponse* response) {
  return RunCall(parts_.metrics, "AppendLog", [&]() -> absl::Status {
    absl::StatusOr<v1::AppendLogResponse> result = AppendLog(*request);
    if (!result.ok()) return result.status();
    *response = *std::move(result);
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::AppendLogResponse> WorkersService::AppendLog(const v1::AppendLogRequest& request) {
  if (request.stream() != v1::AppendLogRequest::LOG && request.stream() != v1::AppendLogRequest::SAMPLES) {
    return absl::InvalidArgumentError(
        absl::StrCat("stream: ", request.stream(), " is neither LOG nor SAMPLES"));
  }
  std::optional<v1::JobStatus> status = parts_.model->FindJob(request.job_id());
  if (!status) return absl::NotFoundError(absl::StrCat("there is no job \"", request.job_id(), "\""));
  const v1::AttemptRecord* attempt = FindAttempt(status->job(), request.attempt());
  if (attempt == nullptr) {
    return absl::NotFoundError(absl::StrCat("job ", request.job_id(), " has no attempt ", request.attempt()));
  }
  if (static_cast<int>(request.rank()) >= attempt->placements_size()) {
    return absl::NotFoundError(absl::StrCat("job ", request.job_id(), " attempt ", request.attempt(), " has ",
                                            attempt->placements_size(), " ranks, no rank ", request.rank()));
  }
  const RankLogName name{request.job_id(), request.attempt(), request.rank(),
                         request.stream() == v1::AppendLogRequest::SAMPLES};
  absl::StatusOr<RankLogs::Appended> appended = parts_.logs->Append(name, request.offset(), request.data());
  if (!appended.ok()) return appended.status();
  parts_.metrics->CountLogBytes(appended->bytes);
  v1::AppendLogResponse response;
  response.set_size_bytes(appended->size);
  return response;
}

}  // namespace bonsai
