#include "coordinator/rpc/artifact_check.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/manifest.h"
#include "storage/memory_blob_store.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

class ArtifactCheckTest : public ::testing::Test {
 protected:
  ArtifactCheckTest() { job_.set_id("p1/pretrain"); }

  std::string Put(const std::string& kind, const std::string& job_id) {
    v1::Manifest manifest;
    manifest.set_kind(kind);
    manifest.mutable_lineage()->set_job_id(job_id);
    v1::ArtifactFile* file = manifest.add_files();
    file->set_path("file");
    blob_ = *blobs_.Put("the bytes");
    *file->mutable_blob() = blob_;
    return *PutManifest(blobs_, manifest);
  }

  MemoryBlobStore blobs_;
  std::vector<v1::Track> tracks_;
  Metrics metrics_;
  ArtifactCheck check_{&blobs_, &tracks_, nullptr, &metrics_};
  v1::JobRecord job_;
  v1::Blob blob_;
};

TEST_F(ArtifactCheckTest, MakesARecordOfWhatIsThere) {
  const std::string id = Put("checkpoint", "p1/pretrain");
  absl::StatusOr<v1::ArtifactRecord> record = check_.Check(job_, id);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->id(), id);
  EXPECT_EQ(record->kind(), "checkpoint");
  EXPECT_EQ(record->job_id(), "p1/pretrain");
  EXPECT_EQ(record->size_bytes(), 9u);
}

TEST_F(ArtifactCheckTest, ReadsAnArtifactOnce) {
  const std::string id = Put("checkpoint", "p1/pretrain");
  EXPECT_TRUE(check_.Check(job_, id).ok());
  blobs_.Damage(id, nullptr);
  EXPECT_TRUE(check_.Check(job_, id).ok());
  EXPECT_THAT(metrics_.Text(), HasSubstr("bonsai_artifact_checks_total{result=\"cached\"} 1\n"));
}

TEST_F(ArtifactCheckTest, RenewsWhatItAcceptsAndAgainWhenItHasForgotten) {
  ArtifactCheck forgetful(&blobs_, &tracks_, nullptr, &metrics_, absl::ZeroDuration());
  const std::string id = Put("checkpoint", "p1/pretrain");
  for (int report = 0; report < 2; ++report) {
    blobs_.Advance(absl::Hours(2));
    ASSERT_TRUE(forgetful.Check(job_, id).ok());
    const absl::Time since = *blobs_.Now() - absl::Hours(1);
    EXPECT_FALSE(*blobs_.RemoveIfUnused(id, since));
    EXPECT_FALSE(*blobs_.RemoveIfUnused(blob_.sha256(), since));
  }
}

TEST_F(ArtifactCheckTest, TheRecordSaysWhoseItIsAndWhatItWasMadeFrom) {
  job_.set_tenant("team");
  const std::string input(64, 'a');
  v1::Manifest manifest;
  manifest.set_kind("model");
  manifest.mutable_lineage()->set_job_id("p1/pretrain");
  manifest.mutable_lineage()->add_inputs()->set_artifact_id(input);
  absl::StatusOr<v1::ArtifactRecord> record = check_.Check(job_, *PutManifest(blobs_, manifest));
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->tenant(), "team");
  EXPECT_THAT(record->inputs(), ::testing::ElementsAre(input));
}

TEST_F(ArtifactCheckTest, LooksAgainAfterARefusal) {
  const std::string id = Put("checkpoint", "p1/pretrain");
  blobs_.Damage(blob_.sha256(), nullptr);
  const absl::Status status = check_.Check(job_, id).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("file file: "));
  ASSERT_TRUE(blobs_.Put("the bytes").ok());
  EXPECT_TRUE(check_.Check(job_, id).ok());
}

TEST_F(ArtifactCheckTest, SeesATruncatedBlob) {
  const std::string id = Put("checkpoint", "p1/pretrain");
  const std::string half = "the b";
  blobs_.Damage(blob_.sha256(), &half);
  EXPECT_TRUE(absl::IsDataLoss(check_.Check(job_, id).status()));
}

TEST_F(ArtifactCheckTest, RefusesWhatAnotherJobWrote) {
  EXPECT_TRUE(absl::IsFailedPrecondition(check_.Check(job_, Put("model", "p2/pretrain")).status()));
}

TEST_F(ArtifactCheckTest, RefusesWhatIsNoManifest) {
  EXPECT_TRUE(absl::IsNotFound(check_.Check(job_, std::string(64, '0')).status()));
  EXPECT_FALSE(check_.Check(job_, "../../etc/passwd").ok());
  EXPECT_FALSE(check_.Check(job_, blobs_.Put("not a manifest")->sha256()).ok());
}

TEST_F(ArtifactCheckTest, RefusesASubmissionWithoutARow) {
  const absl::Status status = check_.Check(job_, Put("submission", "p1/pretrain")).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("row.binpb"));
}

}  // namespace
}  // namespace bonsai
