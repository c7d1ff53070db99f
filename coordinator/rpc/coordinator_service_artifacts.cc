// The calls that bring artifacts in.
#include "coordinator/rpc/coordinator_service.h"
#include "coordinator/rpc/grpc_call.h"

namespace bonsai {

grpc::Status CoordinatorService::FindMissingBlobs(grpc::ServerContext*,
                                                  const v1::FindMissingBlobsRequest* request,
                                                  v1::FindMissingBlobsResponse* response) {
  return RunCall(parts_.metrics, "FindMissingBlobs", [&]() -> absl::Status {
    auto missing = parts_.intake->FindMissing(*request);
    if (!missing.ok()) return missing.status();
    *response = *std::move(missing);
    return absl::OkStatus();
  });
}

grpc::Status CoordinatorService::WriteBlob(grpc::ServerContext* context,
                                           grpc::ServerReader<v1::WriteBlobRequest>* reader,
                                           v1::WriteBlobResponse* response) {
  return RunCall(parts_.metrics, "WriteBlob", [&]() -> absl::Status {
    auto wrote = parts_.intake->Write([&](v1::WriteBlobRequest* request) { return reader->Read(request); },
                                      [&] { return context->IsCancelled() || parts_.stopping->load(); });
    if (!wrote.ok()) return wrote.status();
    *response = *std::move(wrote);
    return absl::OkStatus();
  });
}

grpc::Status CoordinatorService::PutArtifact(grpc::ServerContext* context,
                                             const v1::PutArtifactRequest* request,
                                             v1::PutArtifactResponse* response) {
  return RunCall(parts_.metrics, "PutArtifact", [&]() -> absl::Status {
    auto record = parts_.imports->Put(request->manifest_id(), ActorOf(*context));
    if (!record.ok()) return record.status();
    *response->mutable_record() = *std::move(record);
    return absl::OkStatus();
  });
}

}  // namespace bonsai
