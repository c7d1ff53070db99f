#include "coordinator/rpc/artifact_import.h"

#include <google/protobuf/text_format.h>

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/manifest.h"
#include "storage/memory_blob_store.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ArtifactImportTest : public ::testing::Test {
 protected:
  // A manifest with one file, made from these.
  std::string Make(const std::string& kind, const std::vector<std::string>& inputs,
                   const std::string& bytes = "the bytes") {
    v1::Manifest manifest;
    manifest.set_kind(kind);
    manifest.mutable_lineage()->set_job_id("p7/" + kind);
    for (const std::string& input : inputs) {
      v1::LineageInput& made_from = *manifest.mutable_lineage()->add_inputs();
      made_from.set_field("sft.model");
      made_from.set_artifact_id(input);
    }
    v1::ArtifactFile& file = *manifest.add_files();
    file.set_path(kind == "submission" ? "row.binpb" : "file");
    *file.mutable_blob() = *blobs_.Put(bytes);
    if (kind == "submission") manifest.mutable_lineage()->set_spec(spec_);
    return *PutManifest(blobs_, manifest);
  }
  absl::StatusOr<v1::ArtifactRecord> Put(const std::string& id, const Actor& actor = {}) {
    return import_.Put(id, actor);
  }

  MemoryBlobStore blobs_;
  std::vector<v1::Track> tracks_;
  std::string spec_ = "submission { track: \"open\" }";
  std::map<std::string, v1::ArtifactRecord> records_;
  ArtifactImport import_{{&blobs_, &tracks_,
                          [this](const std::string& id, v1::ArtifactRecord* record) {
                            if (records_.count(id) == 0) return false;
                            *record = records_[id];
                            return true;
                          },
                          [this](ArtifactImported event) -> absl::StatusOr<v1::ArtifactRecord> {
                            return records_[event.record.id()] = event.record;
                          }}};
};

TEST_F(ArtifactImportTest, AWholeArtifactIsEnteredOnceWithWhatItWasMadeFrom) {
  const std::string corpus = Make("corpus", {});
  const std::string model = Make("model", {corpus});
  ASSERT_TRUE(Put(corpus).ok());
  absl::StatusOr<v1::ArtifactRecord> record = Put(model);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->kind(), "model");
  EXPECT_EQ(record->size_bytes(), 9u);
  // Its job is another coordinator's: here that id may be another job's.
  EXPECT_EQ(record->job_id(), "");
  EXPECT_THAT(record->inputs(), ElementsAre(corpus));
  records_[model].set_sequence(7);
  EXPECT_EQ(Put(model)->sequence(), 7u);
}

TEST_F(ArtifactImportTest, WhatItWasMadeFromMustBeThereOrIsNamed) {
  const std::string corpus = Make("corpus", {});
  const absl::Status refused = Put(Make("model", {corpus})).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(refused.message(), HasSubstr("import them first: " + corpus));
  EXPECT_TRUE(records_.empty());
}

TEST_F(ArtifactImportTest, AMissingOrDamagedFileIsNamed) {
  const std::string id = Make("corpus", {});
  const std::string sha256 = GetManifest(blobs_, id)->files(0).blob().sha256();
  const std::string rot = "the bytez";
  blobs_.Damage(sha256, &rot);
  EXPECT_TRUE(absl::IsDataLoss(Put(id).status()));
  blobs_.Damage(sha256, nullptr);
  const absl::Status missing = Put(id).status();
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_THAT(missing.message(), HasSubstr("file \"file\""));
  EXPECT_TRUE(absl::IsNotFound(Put(std::string(64, 'a')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Put("aaaa").status()));
  EXPECT_TRUE(records_.empty());
}

TEST_F(ArtifactImportTest, OnlyThoseWhoseWordIsTakenForALineageMayImport) {
  EXPECT_TRUE(absl::IsPermissionDenied(Put(Make("corpus", {}), {"eve", "red", false}).status()));
}

TEST_F(ArtifactImportTest, ASubmissionIsCheckedAsAJobs) {
  const std::string corpus = Make("corpus", {});
  v1::Manifest manifest;
  manifest.set_kind("model");
  manifest.mutable_lineage()->add_sources()->set_dataset("alpaca");
  const std::string model = *PutManifest(blobs_, manifest);
  ASSERT_TRUE(Put(model).ok());
  v1::Track track;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString("name: 'open' allowed_datasets: 'c4'", &track));
  tracks_ = {track};
  v1::LeaderboardRow row;
  row.set_track("open");
  row.set_model_id(model);
  const absl::Status refused = Put(Make("submission", {model}, row.SerializeAsString())).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(refused.message(), HasSubstr("alpaca"));
  // A row for a track that its job did not enter.
  row.set_track("closed");
  EXPECT_TRUE(absl::IsFailedPrecondition(Put(Make("submission", {model}, row.SerializeAsString())).status()));
  spec_ = "data {}";
  row.set_track("open");
  EXPECT_THAT(Put(Make("submission", {model}, row.SerializeAsString())).status().message(),
              HasSubstr("lineage.spec"));
}

}  // namespace
}  // namespace bonsai
