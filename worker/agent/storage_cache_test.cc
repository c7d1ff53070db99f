#include "worker/agent/storage_cache.h"

#include <stdlib.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/directory_blob_store.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;

class StorageCacheTest : public testing::Test {
 protected:
  StorageCacheTest() {
    dir_ = std::filesystem::path(testing::TempDir() + "/cache-XXXXXX").lexically_normal().string();
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
    blobs_ = *DirectoryBlobStore::Open(dir_);
    Reopen(100);
  }
  ~StorageCacheTest() override { std::filesystem::remove_all(dir_); }

  void Reopen(uint64_t bytes_max) { cache_ = *StorageCache::Open(dir_ + "/cached", blobs_.get(), bytes_max); }
  // Of one file of 1000 bytes of this letter.
  std::string Make(char letter) {
    v1::Manifest manifest;
    manifest.set_kind("corpus");
    manifest.add_files()->set_path("file");
    *manifest.mutable_files(0)->mutable_blob() = *blobs_->Put(std::string(1000, letter));
    return *PutManifest(*blobs_, manifest);
  }
  // A time of use by which all that is stored now counts as older.
  absl::Time Later(int minutes) { return absl::Now() + absl::Minutes(minutes); }
  void Use(const std::string& id, int minutes) { cache_->Use(id, *GetManifest(*blobs_, id), Later(minutes)); }
  bool Here(const std::string& id) {
    absl::StatusOr<v1::Manifest> manifest = GetManifest(*blobs_, id);
    return manifest.ok() && blobs_->Check(manifest->files(0).blob()).ok();
  }

  std::string dir_;
  std::unique_ptr<DirectoryBlobStore> blobs_;
  std::unique_ptr<StorageCache> cache_;
  const RankKey rank_{"p1/a", 1, 0};
};

TEST_F(StorageCacheTest, WhatWasUsedLongestAgoGoesFirst) {
  Reopen(3000);
  const std::string a = Make('a'), b = Make('b'), c = Make('c');
  Use(b, 1);
  Use(a, 2);
  Use(c, 3);
  EXPECT_THAT(cache_->Artifacts(), ElementsAre(b, a, c));
  ASSERT_TRUE(cache_->Trim().ok());
  EXPECT_FALSE(Here(b));
  EXPECT_TRUE(Here(a));
  EXPECT_TRUE(Here(c));
  EXPECT_THAT(cache_->Artifacts(), ElementsAre(a, c));
}

TEST_F(StorageCacheTest, WhatALiveRankUsesStays) {
  cache_->Enter(rank_);
  const std::string a = Make('a');
  cache_->UseFor(rank_, a, *GetManifest(*blobs_, a));
  ASSERT_TRUE(cache_->Trim().ok());
  EXPECT_TRUE(Here(a));
  cache_->Leave(rank_);
  Use(a, 1);
  ASSERT_TRUE(cache_->Trim().ok());
  EXPECT_FALSE(Here(a));
}

TEST_F(StorageCacheTest, WhatWasStoredSinceALiveRankStartedMayBeItsWork) {
  cache_->Enter(rank_);
  const std::string unnamed = Make('u');
  ASSERT_TRUE(cache_->Trim().ok());
  EXPECT_TRUE(Here(unnamed));
}

TEST_F(StorageCacheTest, ABlobThatWasStoredAgainSinceItsArtifactWasUsedStays) {
  const std::string a = Make('a');
  cache_->Use(a, *GetManifest(*blobs_, a), absl::Now() - absl::Minutes(1));
  ASSERT_TRUE(cache_->Trim().ok());
  EXPECT_TRUE(blobs_->Check(*blobs_->Put(std::string(1000, 'a'))).ok());
  EXPECT_TRUE(Here(a));
}

TEST_F(StorageCacheTest, ABlobOfTwoArtifactsStaysWithTheSecond) {
  Reopen(1500);
  const std::string a = Make('a');
  v1::Manifest other = *GetManifest(*blobs_, a);
  other.set_kind("tokens");
  const std::string b = *PutManifest(*blobs_, other);
  Use(a, 1);
  Use(b, 2);
  *blobs_->Put(std::string(1000, 'x'));
  cache_->Enter(rank_);
  ASSERT_TRUE(cache_->Trim().ok());
  EXPECT_FALSE(GetManifest(*blobs_, a).ok());
  EXPECT_THAT(cache_->Artifacts(), testing::Not(testing::Contains(a)));
}

TEST_F(StorageCacheTest, AnotherProcessFindsWhatIsWhole) {
  const std::string a = Make('a'), b = Make('b');
  Use(a, 1);
  Use(b, 2);
  std::filesystem::remove(*blobs_->LocalPath(GetManifest(*blobs_, b)->files(0).blob()));
  Reopen(100);
  EXPECT_THAT(cache_->Artifacts(), ElementsAre(a));
}

TEST_F(StorageCacheTest, TheOfferIsBounded) {
  v1::Manifest manifest;
  manifest.set_kind("corpus");
  for (size_t i = 0; i < kOfferedArtifactsMax + 3; ++i) {
    manifest.mutable_lineage()->set_attempt(static_cast<uint32_t>(i));
    const std::string id = *PutManifest(*blobs_, manifest);
    cache_->Use(id, manifest, Later(static_cast<int>(i)));
  }
  EXPECT_EQ(cache_->Artifacts().size(), kOfferedArtifactsMax);
}

}  // namespace
}  // namespace bonsai
