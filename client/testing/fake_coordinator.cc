#include "client/testing/fake_coordinator.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/piece_checksum.h"

namespace bonsai {
namespace {

constexpr size_t kPageSize = 2;
constexpr size_t kPieceBytes = 4;

grpc::Status NotFound(const std::string& what, const std::string& id) {
  return grpc::Status(grpc::StatusCode::NOT_FOUND, absl::StrCat("there is no ", what, " \"", id, "\""));
}

grpc::Status GoneAway() { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the coordinator stops"); }

}  // namespace

std::string TestSha256(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

FakeCoordinator::FakeCoordinator() {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) std::abort();
  address_ = absl::StrCat("127.0.0.1:", port);
}

FakeCoordinator::~FakeCoordinator() { server_->Shutdown(); }

std::string FakeCoordinator::AddArtifact(const std::string& kind,
                                         const std::map<std::string, std::string>& files,
                                         const v1::Lineage& lineage) {
  v1::GetArtifactResponse response;
  v1::Manifest& manifest = *response.mutable_manifest();
  manifest.set_kind(kind);
  *manifest.mutable_lineage() = lineage;
  manifest.mutable_lineage()->set_job_id("p1/" + kind);
  uint64_t size = 0;
  for (const auto& [path, bytes] : files) {
    v1::ArtifactFile& file = *manifest.add_files();
    file.set_path(path);
    file.mutable_blob()->set_sha256(TestSha256(bytes));
    file.mutable_blob()->set_size_bytes(bytes.size());
    blobs[TestSha256(bytes)] = bytes;
    size += bytes.size();
  }
  const std::string serialized = manifest.SerializeAsString();
  const std::string id = TestSha256(serialized);
  blobs[id] = serialized;
  response.mutable_record()->set_id(id);
  response.mutable_record()->set_kind(kind);
  response.mutable_record()->set_job_id("p1/" + kind);
  response.mutable_record()->set_size_bytes(size);
  artifacts[id] = response;
  return id;
}

std::vector<v1::SubmitPipelineRequest> FakeCoordinator::submitted() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return submitted_;
}

grpc::Status FakeCoordinator::SubmitPipeline(grpc::ServerContext*, const v1::SubmitPipelineRequest* request,
                                             v1::SubmitPipelineResponse* response) {
  const std::lock_guard<std::mutex> lock(mutex_);
  submitted_.push_back(*request);
  if (!submit_status.ok()) return submit_status;
  if (submits_lost > 0) {
    --submits_lost;
    return GoneAway();
  }
  if (!request->dry_run()) response->set_pipeline_id("p1");
  for (const v1::JobSpec& job : request->pipeline().jobs()) {
    if (!request->dry_run()) response->add_job_ids("p1/" + job.name());
    response->add_order(job.name());
  }
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                                       v1::ListJobsResponse* response) {
  const size_t begin =
      request->page_token().empty() ? 0 : std::strtoul(request->page_token().c_str(), nullptr, 10);
  const size_t end = std::min(jobs.size(), begin + kPageSize);
  for (size_t i = begin; i < end; ++i) *response->add_jobs() = jobs[i];
  if (end < jobs.size()) response->set_next_page_token(absl::StrCat(end));
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::GetJob(grpc::ServerContext*, const v1::GetJobRequest* request,
                                     v1::JobStatus* response) {
  for (const v1::JobStatus& status : jobs) {
    if (status.job().id() != request->job_id()) continue;
    *response = status;
    return grpc::Status::OK;
  }
  return NotFound("job", request->job_id());
}

grpc::Status FakeCoordinator::WatchPipeline(grpc::ServerContext*, const v1::WatchPipelineRequest* request,
                                            grpc::ServerWriter<v1::WatchPipelineResponse>* writer) {
  if (request->pipeline_id() != "p1") return NotFound("pipeline", request->pipeline_id());
  for (const v1::WatchPipelineResponse& response : watch) {
    writer->Write(response);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (watches_broken > 0) {
      --watches_broken;
      return GoneAway();
    }
  }
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::Cancel(grpc::ServerContext*, const v1::CancelRequest* request,
                                     v1::CancelResponse* response) {
  for (const v1::JobStatus& status : jobs) {
    if (status.job().id() == request->id() || status.job().pipeline_id() == request->id()) {
      response->add_job_ids(status.job().id());
    }
  }
  return response->job_ids().empty() ? NotFound("job or pipeline", request->id()) : grpc::Status::OK;
}

grpc::Status FakeCoordinator::ReadLog(grpc::ServerContext*, const v1::ReadLogRequest* request,
                                      grpc::ServerWriter<v1::ReadLogResponse>* writer) {
  if (request->job_id() != "p1/a") return NotFound("job", request->job_id());
  for (size_t at = request->offset(); at < log.size(); at += kPieceBytes) {
    v1::ReadLogResponse response;
    response.set_attempt(1);
    response.set_data(log.substr(at, kPieceBytes));
    writer->Write(response);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (logs_broken > 0) {
      --logs_broken;
      return GoneAway();
    }
  }
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::ListArtifacts(grpc::ServerContext*, const v1::ListArtifactsRequest* request,
                                            v1::ListArtifactsResponse* response) {
  for (const auto& [id, artifact] : artifacts) {
    if (request->kind().empty() || request->kind() == artifact.record().kind()) {
      *response->add_artifacts() = artifact.record();
    }
  }
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::GetArtifact(grpc::ServerContext*, const v1::GetArtifactRequest* request,
                                          v1::GetArtifactResponse* response) {
  for (const auto& [id, artifact] : artifacts) {
    if (id.substr(0, request->id().size()) != request->id() && artifact.record().job_id() != request->id())
      continue;
    *response = artifact;
    for (const v1::LineageInput& input : artifact.manifest().lineage().inputs()) {
      if (!request->lineage() || artifacts.count(input.artifact_id()) == 0) continue;
      v1::LineageNode& node = *response->add_lineage();
      node.set_id(input.artifact_id());
      *node.mutable_manifest() = artifacts[input.artifact_id()].manifest();
    }
    for (const auto& [other_id, other] : artifacts) {
      for (const v1::LineageInput& input : other.manifest().lineage().inputs()) {
        if (request->descendants() && input.artifact_id() == id)
          *response->add_descendants() = other.record();
      }
    }
    return grpc::Status::OK;
  }
  return NotFound("artifact", request->id());
}

grpc::Status FakeCoordinator::ReadBlob(grpc::ServerContext*, const v1::ReadBlobRequest* request,
                                       grpc::ServerWriter<v1::ReadBlobResponse>* writer) {
  const auto found = blobs.find(request->sha256());
  if (found == blobs.end()) return NotFound("blob", request->sha256());
  for (size_t at = request->offset(); at < found->second.size(); at += kPieceBytes) {
    v1::ReadBlobResponse response;
    response.set_data(found->second.substr(at, kPieceBytes));
    writer->Write(response);
  }
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::FindMissingBlobs(grpc::ServerContext*,
                                               const v1::FindMissingBlobsRequest* request,
                                               v1::FindMissingBlobsResponse* response) {
  for (const v1::Blob& blob : request->blobs()) {
    if (blobs.count(blob.sha256()) > 0) continue;
    v1::MissingBlob& missing = *response->add_missing();
    *missing.mutable_blob() = blob;
    missing.set_received_bytes(uploads[blob.sha256()].size());
  }
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::WriteBlob(grpc::ServerContext*,
                                        grpc::ServerReader<v1::WriteBlobRequest>* reader,
                                        v1::WriteBlobResponse*) {
  v1::WriteBlobRequest request;
  std::string sha256;
  while (reader->Read(&request)) {
    if (request.has_blob()) sha256 = request.blob().sha256();
    std::string& upload = uploads[sha256];
    if (request.offset() != upload.size() || Crc32c(request.data()) != request.crc32c()) {
      return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "not the next piece");
    }
    upload += request.data();
    if (uploads_broken > 0 && uploads_broken-- > 0)
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "broke");
  }
  if (TestSha256(uploads[sha256]) != sha256)
    return grpc::Status(grpc::StatusCode::DATA_LOSS, "not its bytes");
  blobs[sha256] = uploads[sha256];
  uploads.erase(sha256);
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::PutArtifact(grpc::ServerContext*, const v1::PutArtifactRequest* request,
                                          v1::PutArtifactResponse* response) {
  v1::Manifest manifest;
  if (!manifest.ParseFromString(blobs[request->manifest_id()]))
    return NotFound("artifact", request->manifest_id());
  for (const v1::LineageInput& input : manifest.lineage().inputs()) {
    if (artifacts.count(input.artifact_id()) == 0) return NotFound("input", input.artifact_id());
  }
  put.push_back(request->manifest_id());
  v1::GetArtifactResponse& artifact = artifacts[request->manifest_id()];
  *artifact.mutable_manifest() = manifest;
  artifact.mutable_record()->set_id(request->manifest_id());
  artifact.mutable_record()->set_kind(manifest.kind());
  *response->mutable_record() = artifact.record();
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::CollectGarbage(grpc::ServerContext*, const v1::CollectGarbageRequest* request,
                                             v1::CollectGarbageResponse* response) {
  collections.push_back(request->dry_run());
  *response = collected;
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::VerifyStorage(grpc::ServerContext*, const v1::VerifyStorageRequest* request,
                                            grpc::ServerWriter<v1::VerifyStorageResponse>* writer) {
  quarantines.push_back(request->quarantine());
  for (const v1::VerifyStorageResponse& response : verified) writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                                          v1::ListWorkersResponse* response) {
  for (const v1::WorkerStatus& worker : workers) *response->add_workers() = worker;
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::GetLeaderboard(grpc::ServerContext*, const v1::GetLeaderboardRequest*,
                                             v1::GetLeaderboardResponse* response) {
  for (const v1::LeaderboardRow& row : rows) *response->add_rows() = row;
  return grpc::Status::OK;
}

}  // namespace bonsai
