// For tests: a coordinator over a folder of its own, in this process, with stubs of both services on real
// gRPC, and a worker that a test plays by hand.
#ifndef BONSAI_COORDINATOR_COORDINATOR_FIXTURE_H_
#define BONSAI_COORDINATOR_COORDINATOR_FIXTURE_H_

#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "bonsai/v1/coordinator.grpc.pb.h"
#include "bonsai/v1/worker.grpc.pb.h"
#include "coordinator/coordinator.h"
#include "coordinator/coordinator_config.h"
#include "gtest/gtest.h"
#include "storage/atomic_file.h"
#include "storage/directory_blob_store.h"
#include "storage/manifest.h"

namespace bonsai {

// A call that hangs fails its test instead.
inline constexpr int kCallSeconds = 30;

class CallContext : public grpc::ClientContext {
 public:
  CallContext() {
    set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(kCallSeconds));
    set_wait_for_ready(true);
  }
};

class CoordinatorFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = absl::StrCat(testing::TempDir(), "/", info->test_suite_name(), "_", info->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/share/tracks");
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/share/VERSION", "test-1\n").ok());
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/share/tracks/pocket.textproto",
                                    "name: 'pocket' title: 'Pocket' allowed_datasets: 'c4' "
                                    "allowed_dtypes: 'F32' max_parameters: 1000 "
                                    "ranking_metric: 'bits_per_byte/bits_per_byte' "
                                    "ranking_lower_is_better: true\n")
                    .ok());
    blobs_ = *DirectoryBlobStore::Open(folder_ + "/blobs");
  }

  std::string ConfigText() const {
    return absl::StrCat("state_dir: '", folder_, "/state'\nstorage_dir: '", folder_, "/blobs'\nshare_dir: '",
                        folder_, "/share'\nlease_ms: 5000\n");
  }

  // Connects the stubs to a coordinator, whose process may be this one or another.
  void Connect(const std::string& address) {
    grpc::ChannelArguments arguments;
    // A pool of one's own: a test that starts a second coordinator must not get the first one's connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10000);  // the time to connect in
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 20);
    channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
    client_ = v1::Coordinator::NewStub(channel_);
    workers_ = v1::Workers::NewStub(channel_);
  }

  void Start() {
    absl::StatusOr<v1::CoordinatorConfig> config = ParseCoordinatorConfig("test", ConfigText());
    ASSERT_TRUE(config.ok()) << config.status();
    absl::StatusOr<std::unique_ptr<Coordinator>> started = Coordinator::Start(*config, clock_);
    ASSERT_TRUE(started.ok()) << started.status();
    coordinator_ = *std::move(started);
    Connect(coordinator_->address());
  }

  void Restart() {
    coordinator_ = nullptr;
    Start();
  }

  // A pipeline of one data job "corpus".
  static v1::Pipeline OneJob() {
    v1::Pipeline pipeline;
    pipeline.set_name("one");
    v1::JobSpec* job = pipeline.add_jobs();
    job->set_name("corpus");
    v1::DataSpec::Source* source = job->mutable_data()->add_sources();
    source->set_dataset("c4");
    source->set_format(v1::DataSpec::C4_JSON_GZ);
    source->add_paths("/nowhere/*.json.gz");
    return pipeline;
  }

  grpc::Status Submit(const std::string& request_id, const v1::Pipeline& pipeline,
                      v1::SubmitPipelineResponse* response, bool dry_run = false) {
    CallContext context;
    v1::SubmitPipelineRequest request;
    request.set_request_id(request_id);
    *request.mutable_pipeline() = pipeline;
    request.set_dry_run(dry_run);
    return client_->SubmitPipeline(&context, request, response);
  }

  // What worker "w1" says: it offers 4 cpus and runs `reports`.
  v1::SynchronizeResponse Synchronize(const std::vector<v1::RankReport>& reports = {}) {
    v1::SynchronizeRequest request;
    request.set_worker_id("w1");
    request.set_session("session");
    request.set_sequence(++sequence_);
    request.mutable_offer()->set_cpus(4);
    request.mutable_offer()->set_memory_bytes(uint64_t{8} << 30);
    for (const char* kind : {"data", "tokenizer", "pack", "pretrain", "evaluate", "submission"})
      request.mutable_offer()->add_kinds(kind);
    for (const v1::RankReport& report : reports) *request.add_ranks() = report;
    CallContext context;
    v1::SynchronizeResponse response;
    const grpc::Status status = workers_->Synchronize(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  static v1::RankReport Running(const v1::Task& task) {
    v1::RankReport report;
    report.set_job_id(task.job_id());
    report.set_attempt(task.attempt());
    report.set_rank(task.rank());
    report.set_phase(v1::RankReport::RUNNING);
    return report;
  }

  static v1::RankReport Exited(const v1::Task& task, v1::RankReport::Exit exit,
                               const std::string& output_id) {
    v1::RankReport report = Running(task);
    report.set_phase(v1::RankReport::EXITED);
    report.set_exit(exit);
    report.set_output_id(output_id);
    return report;
  }

  v1::JobStatus GetJob(const std::string& id) {
    CallContext context;
    v1::GetJobRequest request;
    request.set_job_id(id);
    v1::JobStatus status;
    const grpc::Status got = client_->GetJob(&context, request, &status);
    EXPECT_TRUE(got.ok()) << got.error_message();
    return status;
  }

  // Stores an artifact of one file, as a runner would.
  std::string PutArtifact(const std::string& kind, const std::string& job_id, const std::string& path,
                          const std::string& bytes, v1::Manifest manifest = {}) {
    manifest.set_kind(kind);
    manifest.mutable_lineage()->set_job_id(job_id);
    v1::ArtifactFile* file = manifest.add_files();
    file->set_path(path);
    *file->mutable_blob() = *blobs_->Put(bytes);
    absl::StatusOr<std::string> id = PutManifest(*blobs_, std::move(manifest));
    EXPECT_TRUE(id.ok()) << id.status();
    return *id;
  }

  std::string folder_;
  std::function<absl::Time()> clock_;  // of coordinators that are started later; empty: the wall's time
  std::unique_ptr<DirectoryBlobStore> blobs_;
  std::unique_ptr<Coordinator> coordinator_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Coordinator::Stub> client_;
  std::unique_ptr<v1::Workers::Stub> workers_;
  uint64_t sequence_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_COORDINATOR_FIXTURE_H_
