// Export from one coordinator, import into another.
#include "client/artifact_export.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "client/artifact_import.h"
#include "client/testing/fake_coordinator.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::Lineage MadeFrom(const std::vector<std::string>& ids) {
  v1::Lineage lineage;
  for (const std::string& id : ids) lineage.add_inputs()->set_artifact_id(id);
  return lineage;
}

class ArtifactExportTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/export_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    file_ = folder_ + "/out.tar";
    corpus_ = from_.AddArtifact("corpus", {{"documents", "once upon a time"}, {"empty", ""}});
    tokens_ = from_.AddArtifact("tokens", {{"shard", "123456789"}}, MadeFrom({corpus_}));
    // It shares a file with its ancestor.
    model_ = from_.AddArtifact("model", {{"weights", "abcdefghijk"}, {"corpus", "once upon a time"}},
                               MadeFrom({tokens_, corpus_}));
    from_.AddArtifact("bystander", {{"file", "not asked for"}});
  }
  void TearDown() override { fs::remove_all(folder_); }

  absl::StatusOr<v1::ListArtifactsResponse> Export() {
    CoordinatorClient client(from_.address());
    return ExportArtifacts({{model_}, file_}, client, session_);
  }
  absl::StatusOr<v1::ListArtifactsResponse> Import(FakeCoordinator& to) {
    CoordinatorClient client(to.address());
    return ImportArtifacts(file_, client, session_);
  }
  std::string Bytes() {
    std::ifstream in(file_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void Write(const std::string& bytes) { std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes; }

  std::string folder_, file_, corpus_, tokens_, model_;
  FakeCoordinator from_;
  std::ostringstream out_, err_;
  Session session_{out_, err_, Screen()};
};

TEST_F(ArtifactExportTest, WhatIsImportedHasTheSameIdsAndItsWholeLineage) {
  auto exported = Export();
  ASSERT_TRUE(exported.ok()) << exported.status();
  EXPECT_EQ(exported->artifacts(0).id(), model_);
  FakeCoordinator to;
  auto imported = Import(to);
  ASSERT_TRUE(imported.ok()) << imported.status();
  ASSERT_EQ(imported->artifacts_size(), 1);
  EXPECT_EQ(imported->artifacts(0).id(), model_);
  EXPECT_THAT(to.put, ElementsAre(corpus_, tokens_, model_));
  for (const auto& [sha256, bytes] : to.blobs) EXPECT_EQ(from_.blobs[sha256], bytes);
  EXPECT_EQ(to.blobs.size(), 3u + 4u);
  // Again: nothing is sent, and the answer is the same.
  to.uploads_broken = 1000;
  EXPECT_TRUE(Import(to).ok());
}

TEST_F(ArtifactExportTest, TheSameArtifactsGiveTheSameArchiveWhichIsPlainTar) {
  ASSERT_TRUE(Export().ok());
  const std::string first = Bytes();
  EXPECT_EQ(first.substr(257, 5), "ustar");
  fs::remove(file_);
  ASSERT_TRUE(Export().ok());
  EXPECT_EQ(Bytes(), first);
  EXPECT_EQ(Export().status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(ArtifactExportTest, AnUploadThatBreaksOffGoesOn) {
  ASSERT_TRUE(Export().ok());
  FakeCoordinator to;
  to.uploads_broken = 3;
  auto imported = Import(to);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_THAT(to.put, ElementsAre(corpus_, tokens_, model_));
}

TEST_F(ArtifactExportTest, ADamagedOrShortArchiveIsRefusedAndNothingIsImported) {
  ASSERT_TRUE(Export().ok());
  const std::string bytes = Bytes();
  const auto expect_all_or_nothing = [&](const std::string& what) {
    FakeCoordinator to;
    const auto imported = Import(to);
    if (imported.ok()) {
      // The change was where tar pads: nothing was lost.
      EXPECT_THAT(to.put, ElementsAre(corpus_, tokens_, model_)) << what;
    } else {
      EXPECT_THAT(to.put, IsEmpty()) << what;
      EXPECT_THAT(to.blobs, IsEmpty()) << what;
      EXPECT_THAT(std::string(imported.status().message()), HasSubstr(file_)) << what;
    }
    return imported.ok();
  };
  int refused = 0;
  for (size_t at = 0; at < bytes.size(); at += 211) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    Write(damaged);
    if (!expect_all_or_nothing("byte " + std::to_string(at))) ++refused;
  }
  EXPECT_GT(refused, 5);
  for (size_t size = 0; size < bytes.size() - 1024; size += 509) {
    Write(bytes.substr(0, size));
    EXPECT_FALSE(expect_all_or_nothing("first " + std::to_string(size) + " bytes") && size < 5000);
  }
}

TEST_F(ArtifactExportTest, DamageInTheCoordinatorsStorageLeavesNoArchive) {
  from_.blobs[TestSha256("123456789")] = "12345678X";
  const auto exported = Export();
  EXPECT_TRUE(absl::IsDataLoss(exported.status()));
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(ArtifactExportTest, WhatIsNotThereIsSaid) {
  EXPECT_TRUE(absl::IsNotFound(Import(from_).status()));
  model_ = std::string(64, 'f');
  EXPECT_TRUE(absl::IsNotFound(Export().status()));
  Write("not an archive at all");
  EXPECT_TRUE(absl::IsDataLoss(Import(from_).status()));
}

}  // namespace
}  // namespace bonsai
