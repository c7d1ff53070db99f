#include "worker/agent/fake_coordinator.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bonsai/v1/coordinator.grpc.pb.h"
#include "bonsai/v1/worker.grpc.pb.h"
#include "storage/atomic_file.h"
#include "storage/memory_blob_store.h"
#include "storage/partial_blobs.h"
#include "storage/remote/fake_remote.h"

namespace bonsai {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

}  // namespace

struct FakeCoordinator::Service : v1::Workers::Service {
  grpc::Status Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest* request,
                           v1::SynchronizeResponse* response) override {
    std::lock_guard<std::mutex> lock(mutex);
    last = *request;
    ++synchronizes;
    for (const v1::Task& task : desired) *response->add_desired() = task;
    response->set_next_synchronize_ms(100);
    response->set_lease_ms(1000);
    changed.notify_all();
    return grpc::Status::OK;
  }

  grpc::Status AppendLog(grpc::ServerContext*, const v1::AppendLogRequest* request,
                         v1::AppendLogResponse* response) override {
    std::lock_guard<std::mutex> lock(mutex);
    std::string& have = logs[{request->job_id(), request->stream()}];
    uint64_t end = request->offset() + request->data().size();
    if (request->offset() <= have.size() && end > have.size()) {
      have += request->data().substr(have.size() - request->offset());
    }
    response->set_size_bytes(have.size());
    changed.notify_all();
    return grpc::Status::OK;
  }

  std::string address_file;
  std::unique_ptr<grpc::Server> server;
  std::mutex mutex;
  std::condition_variable changed;
  v1::SynchronizeRequest last;
  int synchronizes = 0;
  std::vector<v1::Task> desired;
  std::map<std::pair<std::string, v1::AppendLogRequest::Stream>, std::string> logs;
};

struct FakeCoordinator::Artifacts : v1::Coordinator::Service {
  Artifacts() {
    far.blobs = &blobs;
    partial =
        *PartialBlobs::Open(testing::TempDir() + "/fake-uploads-" + std::to_string(getpid()), &blobs, {});
    far.partial = partial.get();
  }

  grpc::Status FindMissingBlobs(grpc::ServerContext*, const v1::FindMissingBlobsRequest* request,
                                v1::FindMissingBlobsResponse* response) override {
    if (away) return Away();
    *response = *ConnectTo(&far)->FindMissing(*request);
    return grpc::Status::OK;
  }
  grpc::Status ReadBlob(grpc::ServerContext*, const v1::ReadBlobRequest* request,
                        grpc::ServerWriter<v1::ReadBlobResponse>* writer) override {
    if (away) return Away();
    return ToGrpc(ConnectTo(&far)->Read(*request, [&](const v1::ReadBlobResponse& response) {
      return writer->Write(response) ? absl::OkStatus() : absl::CancelledError("gone");
    }));
  }
  grpc::Status WriteBlob(grpc::ServerContext*, grpc::ServerReader<v1::WriteBlobRequest>* reader,
                         v1::WriteBlobResponse*) override {
    if (away) return Away();
    return ToGrpc(ConnectTo(&far)->Write(
        [&](v1::WriteBlobRequest* request) -> absl::StatusOr<bool> { return reader->Read(request); }));
  }

  static grpc::Status Away() { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away"); }
  static grpc::Status ToGrpc(const absl::Status& status) {
    return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
  }

  MemoryBlobStore blobs;
  std::unique_ptr<PartialBlobs> partial;
  FakeFarSide far;
  std::atomic<bool> away{false};
};

BlobStore& FakeCoordinator::blobs() { return artifacts_->blobs; }
void FakeCoordinator::SetArtifactsAway(bool away) { artifacts_->away = away; }

FakeCoordinator::FakeCoordinator(std::string address_file)
    : artifacts_(std::make_unique<Artifacts>()), service_(std::make_unique<Service>()) {
  service_->address_file = std::move(address_file);
}

FakeCoordinator::~FakeCoordinator() { Stop(); }

void FakeCoordinator::Start() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(service_.get());
  builder.RegisterService(artifacts_.get());
  service_->server = builder.BuildAndStart();
  ASSERT_NE(service_->server, nullptr);
  ASSERT_TRUE(WriteFileAtomically(service_->address_file, absl::StrCat("127.0.0.1:", port, "\n")).ok());
}

void FakeCoordinator::Stop() {
  if (service_->server == nullptr) return;
  service_->server->Shutdown(std::chrono::system_clock::now());
  service_->server.reset();
}

void FakeCoordinator::Desire(std::vector<v1::Task> tasks) {
  std::lock_guard<std::mutex> lock(service_->mutex);
  service_->desired = std::move(tasks);
}

v1::SynchronizeRequest FakeCoordinator::WaitFor(
    const std::function<bool(const v1::SynchronizeRequest&)>& wanted) {
  std::unique_lock<std::mutex> lock(service_->mutex);
  bool came = service_->changed.wait_for(
      lock, kPatience, [&] { return service_->synchronizes > 0 && wanted(service_->last); });
  EXPECT_TRUE(came) << "the last request was " << service_->last.ShortDebugString();
  return service_->last;
}

std::string FakeCoordinator::WaitForLog(const std::string& job_id, const std::string& text,
                                        v1::AppendLogRequest::Stream stream) {
  std::unique_lock<std::mutex> lock(service_->mutex);
  std::string& log = service_->logs[{job_id, stream}];
  bool came =
      service_->changed.wait_for(lock, kPatience, [&] { return log.find(text) != std::string::npos; });
  EXPECT_TRUE(came) << "\"" << text << "\" is not in: " << log;
  return log;
}

std::string FakeCoordinator::Log(const std::string& job_id, v1::AppendLogRequest::Stream stream) {
  std::lock_guard<std::mutex> lock(service_->mutex);
  return service_->logs[{job_id, stream}];
}

}  // namespace bonsai
