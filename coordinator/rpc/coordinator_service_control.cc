// The calls that steer and explain jobs, workers and schedules.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/rpc/coordinator_service.h"
#include "coordinator/rpc/grpc_call.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {
namespace {

constexpr size_t kHistoryPageEntries = 1000;
constexpr size_t kReasonBytesMax = 500;

// What runs on a worker is other tenants' business too: "p1/pretrain attempt 1 rank 0" becomes "another
// tenant's job".
void HideOthersJobs(const ReadModel& model, const Actor& actor, v1::WorkerStatus& worker) {
  if (actor.admin) return;
  const auto seen = [&](const std::string& text) {
    return model.FindJob(text.substr(0, text.find(' ')), actor).has_value();
  };
  for (std::string& running : *worker.mutable_running()) {
    if (!seen(running)) running = "another tenant's job";
  }
  for (v1::DeviceStatus& device : *worker.mutable_devices()) {
    if (!device.leased_by().empty() && !seen(device.leased_by())) {
      device.set_leased_by("another tenant's job");
    }
  }
}

}  // namespace

grpc::Status CoordinatorService::Pause(grpc::ServerContext* context, const v1::PauseRequest* request,
                                       v1::PauseResponse* response) {
  return RunCall(parts_.metrics, "Pause", [&] {
    PauseRequested event{request->pipeline_id(), request->resume(), ActorOf(*context)};
    return Take(parts_.loop->Decide(std::move(event)), response);
  });
}

grpc::Status CoordinatorService::Retry(grpc::ServerContext* context, const v1::RetryRequest* request,
                                       v1::RetryResponse* response) {
  return RunCall(parts_.metrics, "Retry", [&] {
    return Take(parts_.loop->Decide(RetryRequested{request->id(), ActorOf(*context)}), response);
  });
}

grpc::Status CoordinatorService::ExplainJob(grpc::ServerContext* context,
                                            const v1::ExplainJobRequest* request,
                                            v1::ExplainJobResponse* response) {
  return RunCall(parts_.metrics, "ExplainJob", [&]() -> absl::Status {
    const std::string& id = request->job_id();
    if (!parts_.model->FindJob(id, ActorOf(*context))) return NoSuchJob(id);
    auto explained = parts_.loop->Ask(
        [&](const Scheduler& scheduler, absl::Time now) { return scheduler.Explain(now, id); });
    if (!explained.ok()) return explained.status();
    return Take(*std::move(explained), response);
  });
}

grpc::Status CoordinatorService::GetHistory(grpc::ServerContext* context,
                                            const v1::GetHistoryRequest* request,
                                            v1::GetHistoryResponse* response) {
  return RunCall(parts_.metrics, "GetHistory", [&]() -> absl::Status {
    if (!parts_.model->FindJob(request->job_id(), ActorOf(*context))) return NoSuchJob(request->job_id());
    auto entries = parts_.loop->ReadHistory(request->job_id(), request->after(), kHistoryPageEntries);
    if (!entries.ok()) return entries.status();
    for (v1::HistoryEntry& entry : *entries) *response->add_entries() = std::move(entry);
    return absl::OkStatus();
  });
}

grpc::Status CoordinatorService::SetWorker(grpc::ServerContext* context, const v1::SetWorkerRequest* request,
                                           v1::SetWorkerResponse* response) {
  return RunCall(parts_.metrics, "SetWorker", [&]() -> absl::Status {
    const Actor actor = ActorOf(*context);
    if (!actor.admin) return absl::PermissionDeniedError("only an admin may cordon or drain a worker");
    if (request->reason().size() > kReasonBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("reason: has ", request->reason().size(), " bytes; give at most ", kReasonBytesMax));
    }
    return Take(parts_.loop->Decide(WorkerSet{*request, actor}), response);
  });
}

grpc::Status CoordinatorService::PutSchedule(grpc::ServerContext* context,
                                             const v1::PutScheduleRequest* request,
                                             v1::PutScheduleResponse* response) {
  return RunCall(parts_.metrics, "PutSchedule",
                 [&] { return Take(parts_.submission->PutSchedule(*request, ActorOf(*context)), response); });
}

grpc::Status CoordinatorService::DeleteSchedule(grpc::ServerContext* context,
                                                const v1::DeleteScheduleRequest* request,
                                                v1::DeleteScheduleResponse*) {
  return RunCall(parts_.metrics, "DeleteSchedule", [&] {
    return parts_.loop->DeleteSchedule(ScheduleDeleted{request->name(), ActorOf(*context)});
  });
}

grpc::Status CoordinatorService::ListSchedules(grpc::ServerContext* context, const v1::ListSchedulesRequest*,
                                               v1::ListSchedulesResponse* response) {
  return RunCall(parts_.metrics, "ListSchedules", [&]() -> absl::Status {
    const Actor actor = ActorOf(*context);
    auto schedules =
        parts_.loop->Ask([](const Scheduler& scheduler, absl::Time) { return scheduler.ListSchedules(); });
    if (!schedules.ok()) return schedules.status();
    for (v1::ScheduleRecord& schedule : *schedules) {
      if (MayTouch(actor, schedule.tenant())) *response->add_schedules() = std::move(schedule);
    }
    return absl::OkStatus();
  });
}

grpc::Status CoordinatorService::GetUsage(grpc::ServerContext* context, const v1::GetUsageRequest*,
                                          v1::GetUsageResponse* response) {
  return RunCall(parts_.metrics, "GetUsage", [&]() -> absl::Status {
    const Actor actor = ActorOf(*context);
    auto tenants =
        parts_.loop->Ask([](const Scheduler& scheduler, absl::Time now) { return scheduler.ListUsage(now); });
    if (!tenants.ok()) return tenants.status();
    std::map<std::string, TenantBytes> held;
    if (parts_.keeper != nullptr) held = parts_.keeper->Usage();
    for (v1::TenantUsage& usage : *tenants) {
      if (auto bytes = held.find(usage.tenant()); bytes != held.end()) {
        usage.set_unique_bytes(bytes->second.unique_bytes);
      }
      if (MayTouch(actor, usage.tenant())) *response->add_tenants() = std::move(usage);
    }
    return absl::OkStatus();
  });
}

grpc::Status CoordinatorService::ListWorkers(grpc::ServerContext* context, const v1::ListWorkersRequest*,
                                             v1::ListWorkersResponse* response) {
  return RunCall(parts_.metrics, "ListWorkers", [&]() -> absl::Status {
    const Actor actor = ActorOf(*context);
    absl::StatusOr<std::vector<v1::WorkerStatus>> workers = parts_.loop->ListWorkers();
    if (!workers.ok()) return workers.status();
    for (v1::WorkerStatus& worker : *workers) {
      HideOthersJobs(*parts_.model, actor, worker);
      *response->add_workers() = std::move(worker);
    }
    return absl::OkStatus();
  });
}

}  // namespace bonsai
