// What the coordinator does for its storage, through its calls: garbage, verification, descendants.
#include <fcntl.h>
#include <sys/stat.h>

#include "absl/time/clock.h"
#include "coordinator/coordinator_fixture.h"
#include "gmock/gmock.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

class StorageCareTest : public CoordinatorFixture {
 protected:
  void SetUp() override {
    CoordinatorFixture::SetUp();
    Start();
  }

  // With a lease so short that it collects at once; for when no worker is needed any more.
  void RestartToCollect() {
    coordinator_ = nullptr;
    const std::string text = absl::StrCat("state_dir: '", folder_, "/state'\nstorage_dir: '", folder_,
                                          "/blobs'\nshare_dir: '", folder_, "/share'\nlease_ms: 100\n");
    auto started = Coordinator::Start(*ParseCoordinatorConfig("test", text));
    ASSERT_TRUE(started.ok()) << started.status();
    coordinator_ = *std::move(started);
    Connect(coordinator_->address());
  }

  v1::Task StartOne() {
    v1::SubmitPipelineResponse response;
    EXPECT_TRUE(Submit("r1", OneJob(), &response).ok());
    const v1::SynchronizeResponse desired = Synchronize();
    EXPECT_EQ(desired.desired_size(), 1);
    return desired.desired_size() == 1 ? desired.desired(0) : v1::Task();
  }

  // Two hours pass for everything that is stored.
  void Age() {
    ASSERT_TRUE(blobs_
                    ->ForEachBlob([&](const StoredBlob& blob) {
                      const timespec old = absl::ToTimespec(blob.renewed - absl::Hours(2));
                      const timespec times[2] = {old, old};
                      const std::string path = PathOf(blob.sha256);
                      return utimensat(AT_FDCWD, path.c_str(), times, 0) == 0 ? absl::OkStatus()
                                                                              : absl::InternalError(path);
                    })
                    .ok());
  }

  std::string PathOf(const std::string& sha256) const {
    return absl::StrCat(folder_, "/blobs/blobs/", sha256.substr(0, 2), "/", sha256);
  }

  grpc::Status Collect(bool dry_run, v1::CollectGarbageResponse* response) {
    CallContext context;
    v1::CollectGarbageRequest request;
    request.set_dry_run(dry_run);
    return client_->CollectGarbage(&context, request, response);
  }

  v1::CollectGarbageResponse CollectSoon() {
    v1::CollectGarbageResponse response;
    const absl::Time deadline = absl::Now() + absl::Seconds(kCallSeconds);
    grpc::Status status;
    do {
      status = Collect(false, &response);
    } while (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION && absl::Now() < deadline);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  std::vector<v1::StorageProblem> Verify(bool quarantine) {
    CallContext context;
    v1::VerifyStorageRequest request;
    request.set_quarantine(quarantine);
    auto reader = client_->VerifyStorage(&context, request);
    std::vector<v1::StorageProblem> problems;
    bool ended = false;
    for (v1::VerifyStorageResponse response; reader->Read(&response);) {
      for (const v1::StorageProblem& problem : response.problems()) problems.push_back(problem);
      ended = response.ended();
    }
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_TRUE(ended);
    return problems;
  }

  std::vector<std::string> DescendantsOf(const std::string& id) {
    CallContext context;
    v1::GetArtifactRequest request;
    request.set_id(id);
    request.set_descendants(true);
    v1::GetArtifactResponse response;
    const grpc::Status got = client_->GetArtifact(&context, request, &response);
    EXPECT_TRUE(got.ok()) << got.error_message();
    std::vector<std::string> ids;
    for (const v1::ArtifactRecord& record : response.descendants()) ids.push_back(record.id());
    return ids;
  }
};

TEST_F(StorageCareTest, CheckpointsOfAJobThatIsDoneAreCollectedAndItsArtifactIsNot) {
  const v1::Task task = StartOne();
  for (uint64_t step = 1; step <= 5; ++step) {
    v1::RankReport report = Running(task);
    report.mutable_checkpoint()->set_step(step);
    report.mutable_checkpoint()->set_manifest_id(
        PutArtifact("checkpoint", task.job_id(), "state", absl::StrCat("state of step ", step)));
    Synchronize({report});
  }
  EXPECT_EQ(GetJob(task.job_id()).job().checkpoints_size(), 3);
  Age();
  v1::CollectGarbageResponse would;
  ASSERT_TRUE(Collect(true, &would).ok());
  EXPECT_EQ(would.blobs(), 4u) << "two superseded checkpoints, a manifest and a file each";
  const std::string output = PutArtifact("corpus", task.job_id(), "documents.binpb", "documents");
  Synchronize({Exited(task, v1::RankReport::DONE, output)});
  ASSERT_EQ(GetJob(task.job_id()).job().state(), v1::DONE);
  EXPECT_EQ(GetJob(task.job_id()).job().checkpoints_size(), 0);
  v1::CollectGarbageResponse early;
  EXPECT_EQ(Collect(false, &early).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  RestartToCollect();
  EXPECT_EQ(CollectSoon().blobs(), 10u);
  EXPECT_TRUE(VerifyArtifact(*blobs_, *GetManifest(*blobs_, output)).ok());
}

TEST_F(StorageCareTest, DamageIsFoundQuarantinedAndMended) {
  const v1::Task task = StartOne();
  const std::string output = PutArtifact("corpus", task.job_id(), "documents.binpb", "documents");
  Synchronize({Exited(task, v1::RankReport::DONE, output)});
  EXPECT_TRUE(Verify(false).empty());
  const std::string sha256 = GetManifest(*blobs_, output)->files(0).blob().sha256();
  ASSERT_EQ(chmod(PathOf(sha256).c_str(), 0644), 0);
  ASSERT_TRUE(WriteFileAtomically(PathOf(sha256), "DOCUMENTS").ok());
  const std::vector<v1::StorageProblem> problems = Verify(true);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].problem(), HasSubstr("damaged: "));
  ASSERT_EQ(problems[0].artifact_ids_size(), 1);
  EXPECT_EQ(problems[0].artifact_ids(0), output);
  ASSERT_TRUE(blobs_->Put("documents").ok());
  EXPECT_TRUE(Verify(true).empty());
}

TEST_F(StorageCareTest, DescendantsOfAnArtifactAndOfASourceFile) {
  const v1::Task task = StartOne();
  const std::string file(64, 'f');
  v1::Manifest manifest;
  manifest.mutable_lineage()->add_sources()->set_sha256(file);
  const std::string corpus = PutArtifact("corpus", task.job_id(), "documents.binpb", "documents", manifest);
  Synchronize({Exited(task, v1::RankReport::DONE, corpus)});
  EXPECT_TRUE(DescendantsOf(corpus).empty());
  EXPECT_EQ(DescendantsOf(file), std::vector<std::string>{corpus});
}

}  // namespace
}  // namespace bonsai
