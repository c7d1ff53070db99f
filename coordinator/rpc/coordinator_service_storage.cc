// The calls that look after storage, and what they add to others' answers.
#include "absl/strings/str_cat.h"
#include "coordinator/rpc/coordinator_service.h"
#include "coordinator/rpc/grpc_call.h"

namespace bonsai {

grpc::Status CoordinatorService::CollectGarbage(grpc::ServerContext* context,
                                                const v1::CollectGarbageRequest* request,
                                                v1::CollectGarbageResponse* response) {
  return RunCall(parts_.metrics, "CollectGarbage", [&]() -> absl::Status {
    auto collected = parts_.keeper->Collect(request->dry_run(), [&] { return context->IsCancelled(); });
    if (!collected.ok()) return collected.status();
    *response = *std::move(collected);
    return absl::OkStatus();
  });
}

grpc::Status CoordinatorService::VerifyStorage(grpc::ServerContext* context,
                                               const v1::VerifyStorageRequest* request,
                                               grpc::ServerWriter<v1::VerifyStorageResponse>* writer) {
  return RunCall(parts_.metrics, "VerifyStorage", [&] {
    CallStream<v1::VerifyStorageResponse> stream;
    stream.write = [writer](const v1::VerifyStorageResponse& message) { return writer->Write(message); };
    stream.cancelled = [context] { return context->IsCancelled(); };
    stream.stopping = [this] { return parts_.stopping->load(); };
    return parts_.keeper->Verify(*request, stream);
  });
}

bool CoordinatorService::IsSource(const v1::GetArtifactRequest& request) const {
  return request.descendants() && parts_.keeper->IsSource(request.id());
}

void CoordinatorService::AddDescendants(const std::string& id, const Actor& actor,
                                        v1::GetArtifactResponse* response) const {
  for (v1::ArtifactRecord& record : parts_.keeper->DescendantsOf(id)) {
    if (parts_.model->FindArtifact(record.id(), actor)) *response->add_descendants() = std::move(record);
  }
}

}  // namespace bonsai
