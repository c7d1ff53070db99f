#include "storage/remote/artifact_transfer.h"

#include <stdlib.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/memory_blob_store.h"
#include "storage/remote/fake_remote.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

class ArtifactTransferTest : public testing::Test {
 protected:
  ArtifactTransferTest() {
    dir_ = std::filesystem::path(testing::TempDir() + "/transfer-XXXXXX").lexically_normal().string();
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
    here_partial_ = *PartialBlobs::Open(dir_ + "/here", &here_, {});
    there_partial_ = *PartialBlobs::Open(dir_ + "/there", &there_, {});
    far_.blobs = &there_;
    far_.partial = there_partial_.get();
    options_.connect = [this] { return ConnectTo(&far_); };
    options_.backoff_first = absl::Milliseconds(1);
    options_.progress = [this](uint64_t done, uint64_t total) {
      EXPECT_LE(done, total);
      done_ = done;
      total_ = total;
    };
  }
  ~ArtifactTransferTest() override { std::filesystem::remove_all(dir_); }

  // An artifact of `files` files of 10,000 bytes, each another, and one of none.
  std::string MakeArtifact(BlobStore& store, int files) {
    v1::Manifest manifest;
    manifest.set_kind("model");
    for (int i = 0; i <= files; ++i) {
      std::string bytes = i == files ? "" : std::string(10000, static_cast<char>('a' + i));
      for (size_t j = 0; j < bytes.size(); ++j) bytes[j] = static_cast<char>(bytes[j] + j / 256);
      v1::ArtifactFile& file = *manifest.add_files();
      file.set_path(std::to_string(i));
      *file.mutable_blob() = *store.Put(bytes);
    }
    return *PutManifest(store, manifest);
  }
  absl::Status Fetch(const std::string& id) {
    return FetchArtifact(id, here_, *here_partial_, options_).status();
  }
  static void ExpectWhole(BlobStore& store, const std::string& id) {
    absl::StatusOr<v1::Manifest> manifest = GetManifest(store, id);
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    EXPECT_TRUE(VerifyArtifact(store, *manifest).ok());
  }

  std::string dir_;
  MemoryBlobStore here_, there_;
  std::unique_ptr<PartialBlobs> here_partial_, there_partial_;
  FakeFarSide far_;
  TransferOptions options_;
  uint64_t done_ = 0, total_ = 0;
};

TEST_F(ArtifactTransferTest, FetchesWhatIsMissingOnly) {
  const std::string id = MakeArtifact(there_, 5);
  MakeArtifact(here_, 3);
  ASSERT_TRUE(Fetch(id).ok());
  ExpectWhole(here_, id);
  EXPECT_EQ(total_, 50000u);
  EXPECT_EQ(done_, total_);
  const uint64_t sent = far_.bytes_sent;
  EXPECT_LT(sent, 22000u);
  ASSERT_TRUE(Fetch(id).ok());
  EXPECT_EQ(far_.bytes_sent, sent);
}

TEST_F(ArtifactTransferTest, AFetchThatBreaksOffGoesOnWhereItWas) {
  const std::string id = MakeArtifact(there_, 1);
  options_.streams = 1;
  // The manifest is one message, then five pieces come.
  far_.messages_to_break = 6;
  ASSERT_TRUE(Fetch(id).ok());
  ExpectWhole(here_, id);
  EXPECT_EQ(far_.bytes_sent, 10000u + *here_.SizeOf(id));
  EXPECT_EQ(done_, 10000u);
}

TEST_F(ArtifactTransferTest, ADamagedPieceIsFetchedAgain) {
  const std::string id = MakeArtifact(there_, 2);
  for (int message : {0, 4}) {
    here_.Damage(id, nullptr);
    far_.messages_to_damage = message;
    EXPECT_TRUE(Fetch(id).ok());
    ExpectWhole(here_, id);
  }
}

TEST_F(ArtifactTransferTest, WhatIsDamagedHereIsFetchedAgain) {
  const std::string id = MakeArtifact(there_, 2);
  ASSERT_TRUE(Fetch(id).ok());
  const std::string rot(10000, 'r');
  here_.Damage(GetManifest(here_, id)->files(0).blob().sha256(), &rot);
  ASSERT_TRUE(Fetch(id).ok());
  ExpectWhole(here_, id);
}

TEST_F(ArtifactTransferTest, WhatIsDamagedOrMissingThereIsSaid) {
  const std::string id = MakeArtifact(there_, 2);
  const std::string sha256 = GetManifest(there_, id)->files(1).blob().sha256();
  const std::string rot(10000, 'r');
  there_.Damage(sha256, &rot);
  EXPECT_TRUE(absl::IsDataLoss(Fetch(id)));
  there_.Damage(sha256, nullptr);
  const absl::Status missing = Fetch(id);
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_THAT(missing.message(), HasSubstr("artifact " + id.substr(0, 12)));
}

TEST_F(ArtifactTransferTest, WaitsForAFarSideThatIsAwayUnlessToldNotTo) {
  const std::string id = MakeArtifact(there_, 1);
  options_.backoff_max = absl::Milliseconds(2);
  far_.calls_away = 20;
  EXPECT_TRUE(Fetch(id).ok());
  options_.patient = [] { return false; };
  far_.calls_away = 1;
  EXPECT_TRUE(absl::IsUnavailable(Fetch(MakeArtifact(there_, 2))));
}

TEST_F(ArtifactTransferTest, StopsWhenItIsCancelled) {
  const std::string id = MakeArtifact(there_, 3);
  bool cancelled = false;
  options_.cancelled = [&] { return cancelled; };
  options_.progress = [&](uint64_t, uint64_t) { cancelled = true; };
  options_.streams = 1;
  EXPECT_TRUE(absl::IsCancelled(Fetch(id)));
  far_.calls_away = 1 << 20;
  EXPECT_TRUE(absl::IsCancelled(PushArtifact(MakeArtifact(here_, 1), here_, options_)));
}

TEST_F(ArtifactTransferTest, PushesWhatIsMissingOnlyAndTheManifestLast) {
  MakeArtifact(there_, 3);
  const std::string id = MakeArtifact(here_, 5);
  ASSERT_TRUE(PushArtifact(id, here_, options_).ok());
  ExpectWhole(there_, id);
  EXPECT_EQ(far_.bytes_received, 20000u + *here_.SizeOf(id));
  ASSERT_TRUE(PushArtifact(id, here_, options_).ok());
  EXPECT_EQ(far_.bytes_received, 20000u + *here_.SizeOf(id));
}

TEST_F(ArtifactTransferTest, APushThatBreaksOffOrIsDamagedGoesOn) {
  // Of three pieces; the far side has the first when the second breaks off.
  std::string bytes;
  for (int i = 0; i < (5 << 19); ++i) bytes.push_back(static_cast<char>(i ^ (i >> 11)));
  v1::Manifest manifest;
  manifest.set_kind("model");
  manifest.add_files()->set_path("weights");
  *manifest.mutable_files(0)->mutable_blob() = *here_.Put(bytes);
  const std::string id = *PutManifest(here_, manifest);
  far_.messages_to_break = 1;
  far_.messages_to_damage = 2;
  ASSERT_TRUE(PushArtifact(id, here_, options_).ok());
  ExpectWhole(there_, id);
  // The damaged piece came twice, the first one once.
  EXPECT_LE(far_.bytes_received, bytes.size() + (1 << 20) + *here_.SizeOf(id));
}

TEST_F(ArtifactTransferTest, DamageHereIsSaidBeforeAnythingIsSent) {
  const std::string id = MakeArtifact(here_, 2);
  const std::string rot(10000, 'r');
  here_.Damage(GetManifest(here_, id)->files(0).blob().sha256(), &rot);
  EXPECT_TRUE(absl::IsDataLoss(PushArtifact(id, here_, options_)));
  EXPECT_TRUE(absl::IsNotFound(there_.Check(GetManifest(here_, id)->files(0).blob())));
}

}  // namespace
}  // namespace bonsai
