#include "coordinator/rpc/storage_keeper.h"

#include <memory>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/manifest.h"
#include "storage/memory_blob_store.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StorageKeeperTest : public ::testing::Test {
 protected:
  StorageKeeperTest() { options_.settle = absl::ZeroDuration(); }

  std::string Put(const std::string& kind, const std::string& bytes,
                  const std::vector<std::string>& inputs = {}, const std::string& source = "") {
    v1::Manifest manifest;
    manifest.set_kind(kind);
    for (const std::string& input : inputs) manifest.mutable_lineage()->add_inputs()->set_artifact_id(input);
    if (!source.empty()) manifest.mutable_lineage()->add_sources()->set_sha256(source);
    v1::ArtifactFile* file = manifest.add_files();
    file->set_path("file");
    *file->mutable_blob() = *blobs_.Put(bytes);
    return *PutManifest(blobs_, manifest);
  }

  std::string Publish(const std::string& id, const std::string& tenant = "default") {
    RecordBatch batch;
    v1::ArtifactRecord& record = batch.artifacts.emplace_back();
    record.set_id(id);
    record.set_tenant(tenant);
    record.set_sequence(++sequence_);
    model_.Publish(batch);
    return id;
  }

  void PublishJob(v1::JobState state, const std::vector<std::string>& checkpoints) {
    RecordBatch batch;
    v1::JobRecord& job = batch.jobs.emplace_back();
    job.set_id("p1/train");
    job.set_state(state);
    for (const std::string& id : checkpoints) job.add_checkpoints()->set_manifest_id(id);
    model_.Publish(batch);
  }

  StorageKeeper& keeper() {
    if (!keeper_) keeper_ = std::make_unique<StorageKeeper>(&blobs_, &model_, options_);
    return *keeper_;
  }

  absl::StatusOr<v1::CollectGarbageResponse> Collect(bool dry_run = false) {
    return keeper().Collect(dry_run, [] { return false; });
  }

  // All problems, and the last message.
  std::vector<v1::StorageProblem> Verify(bool quarantine = false) {
    std::vector<v1::StorageProblem> problems;
    CallStream<v1::VerifyStorageResponse> stream;
    stream.write = [&](const v1::VerifyStorageResponse& response) {
      for (const v1::StorageProblem& problem : response.problems()) problems.push_back(problem);
      last_ = response;
      return true;
    };
    stream.cancelled = stream.stopping = [] { return false; };
    v1::VerifyStorageRequest request;
    request.set_quarantine(quarantine);
    const absl::Status verified = keeper().Verify(request, stream);
    EXPECT_TRUE(verified.ok()) << verified;
    EXPECT_TRUE(last_.ended());
    return problems;
  }

  static std::vector<std::string> Ids(const std::vector<v1::ArtifactRecord>& records) {
    std::vector<std::string> ids;
    for (const v1::ArtifactRecord& record : records) ids.push_back(record.id());
    return ids;
  }

  MemoryBlobStore blobs_;
  ReadModel model_{Records()};
  StorageKeeper::Options options_;
  std::unique_ptr<StorageKeeper> keeper_;
  v1::VerifyStorageResponse last_;
  uint64_t sequence_ = 0;
};

TEST_F(StorageKeeperTest, CollectsWhatNoRecordNames) {
  const std::string model = Publish(Put("model", "weights"));
  const std::string first = Put("checkpoint", "step 10"), second = Put("checkpoint", "step 20");
  PublishJob(v1::RUNNING, {second, first});
  blobs_.Advance(absl::Hours(2));
  EXPECT_EQ(Collect()->blobs(), 0u);
  PublishJob(v1::RUNNING, {second});
  EXPECT_EQ(Collect(true)->blobs(), 2u);
  EXPECT_EQ(Collect()->blobs(), 2u);
  EXPECT_FALSE(GetManifest(blobs_, first).ok());
  EXPECT_TRUE(GetManifest(blobs_, second).ok());
  PublishJob(v1::DONE, {second});
  EXPECT_EQ(Collect()->blobs(), 2u);
  EXPECT_TRUE(VerifyArtifact(blobs_, *GetManifest(blobs_, model)).ok());
}

TEST_F(StorageKeeperTest, TellsWhatEachPassCollectedButNotWhatADryRunWould) {
  std::vector<uint64_t> told;
  options_.collected = [&](const v1::CollectGarbageResponse& pass) { told.push_back(pass.blobs()); };
  Put("model", "weights");
  blobs_.Advance(absl::Hours(2));
  ASSERT_TRUE(Collect(true).ok());
  EXPECT_TRUE(told.empty());
  ASSERT_TRUE(Collect().ok());
  EXPECT_EQ(told, std::vector<uint64_t>{2});
}

TEST_F(StorageKeeperTest, RemovesNothingBeforeWorkersCouldReport) {
  options_.settle = absl::Hours(1);
  ASSERT_TRUE(blobs_.Put("held by a worker that was not heard yet").ok());
  blobs_.Advance(absl::Hours(2));
  const absl::Status status = Collect().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("try again in"));
  EXPECT_EQ(Collect(true)->blobs(), 1u) << "a dry run removes nothing anyway";
}

TEST_F(StorageKeeperTest, AManifestThatIsLostStopsTheCollectionUntilSomebodyGivesItUp) {
  const std::string model = Publish(Put("model", "weights"));
  blobs_.Advance(absl::Hours(2));
  blobs_.Damage(model, nullptr);
  const absl::Status status = Collect().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(model));
  EXPECT_THAT(Verify(true), SizeIs(1));
  EXPECT_EQ(Collect()->blobs(), 1u) << "its weights, which nothing readable names";
}

TEST_F(StorageKeeperTest, VerificationSaysWhatIsDamagedAndWhomThatTouches) {
  const std::string model = Publish(Put("model", "shared"));
  const std::string checkpoint = Put("checkpoint", "shared");
  const std::string report = Publish(Put("report", "figures"));
  PublishJob(v1::RUNNING, {checkpoint});
  EXPECT_THAT(Verify(), IsEmpty());
  EXPECT_EQ(last_.blobs(), 5u);
  const v1::Blob shared = GetManifest(blobs_, model)->files(0).blob();
  const std::string wrong = "shaped";
  blobs_.Damage(shared.sha256(), &wrong);
  blobs_.Damage(report, nullptr);
  std::vector<v1::StorageProblem> problems = Verify();
  ASSERT_THAT(problems, SizeIs(2));
  if (problems[0].blob().sha256() != shared.sha256()) std::swap(problems[0], problems[1]);
  EXPECT_EQ(problems[0].blob().sha256(), shared.sha256());
  EXPECT_THAT(problems[0].problem(), HasSubstr("damaged: "));
  EXPECT_THAT(problems[0].artifact_ids(), ElementsAre(model));
  EXPECT_THAT(problems[0].checkpoint_ids(), ElementsAre(checkpoint));
  EXPECT_EQ(problems[1].problem(), "missing");
  EXPECT_THAT(problems[1].artifact_ids(), ElementsAre(report));
}

TEST_F(StorageKeeperTest, QuarantineLetsTheSameBytesBeStoredAgain) {
  const std::string model = Publish(Put("model", "weights"));
  const v1::Blob weights = GetManifest(blobs_, model)->files(0).blob();
  const std::string wrong = "weighty";
  blobs_.Damage(weights.sha256(), &wrong);
  EXPECT_TRUE(blobs_.Check(weights).ok()) << "its size is right";
  EXPECT_THAT(Verify(true), SizeIs(1));
  EXPECT_TRUE(absl::IsNotFound(blobs_.Check(weights)));
  ASSERT_TRUE(blobs_.Put("weights").ok());
  EXPECT_THAT(Verify(true), IsEmpty());
}

TEST_F(StorageKeeperTest, CountsWhatEachTenantHolds) {
  Publish(Put("model", "12345"), "a");
  Publish(Put("report", "12345"), "b");
  Publish(Put("bundle", "only b's"), "b");
  EXPECT_EQ(keeper().Usage()["a"], (TenantBytes{5, 0}));
  EXPECT_EQ(keeper().Usage()["b"], (TenantBytes{13, 8}));
}

TEST_F(StorageKeeperTest, FindsWhatCameOfAnArtifactOrAFile) {
  const std::string file(64, 'f');
  const std::string corpus = Publish(Put("corpus", "documents", {}, file));
  const std::string tokens = Publish(Put("tokens", "ids", {corpus}));
  PublishJob(v1::RUNNING, {Put("checkpoint", "step 10", {tokens})});
  const std::string model = Publish(Put("model", "weights", {tokens}));
  EXPECT_THAT(Ids(keeper().DescendantsOf(corpus)), ElementsAre(tokens, model))
      << "a checkpoint is no artifact";
  EXPECT_THAT(Ids(keeper().DescendantsOf(file)), ElementsAre(corpus, tokens, model));
  EXPECT_TRUE(keeper().IsSource(file));
  EXPECT_FALSE(keeper().IsSource(corpus));
}

TEST_F(StorageKeeperTest, CollectsByItselfWhenTheTimeHasCome) {
  options_.interval = absl::Milliseconds(1);
  ASSERT_TRUE(blobs_.Put("loose").ok());
  blobs_.Advance(absl::Hours(2));
  keeper();
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  const std::string sha256 = MemoryBlobStore().Put("loose")->sha256();
  while (blobs_.SizeOf(sha256).ok() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_TRUE(absl::IsNotFound(blobs_.SizeOf(sha256).status()));
}

}  // namespace
}  // namespace bonsai
