// What is kept and what is removed, in one thread: mark and sweep over a store in memory.
// collection_race_test has writers beside it.
#include "storage/collection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/manifest.h"
#include "storage/mark.h"
#include "storage/memory_blob_store.h"

namespace bonsai {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

absl::StatusOr<IsNamed> NothingIsNamed() {
  return [](absl::string_view) { return false; };
}

class CollectionTest : public testing::Test {
 protected:
  std::string PutArtifact(const std::vector<std::string>& contents,
                          const std::vector<std::string>& inputs = {}) {
    v1::Manifest manifest;
    manifest.set_kind("model");
    for (size_t i = 0; i < contents.size(); ++i) {
      v1::ArtifactFile* file = manifest.add_files();
      file->set_path(std::to_string(i));
      *file->mutable_blob() = *store_.Put(contents[i]);
    }
    for (const std::string& input : inputs) manifest.mutable_lineage()->add_inputs()->set_artifact_id(input);
    return *PutManifest(store_, manifest);
  }

  absl::StatusOr<v1::CollectGarbageResponse> Collect(const std::vector<StorageRoot>& roots,
                                                     bool dry_run = false) {
    CollectionOptions options;
    options.dry_run = dry_run;
    options.pause = absl::ZeroDuration();
    return CollectGarbage(
        store_,
        [&]() -> absl::StatusOr<IsNamed> {
          unread_ = Mark(store_, roots, index_);
          return [this](absl::string_view sha256) { return index_.references.Names(sha256); };
        },
        options);
  }

  bool Has(const std::string& bytes) { return store_.SizeOf(Sha256(bytes)).ok(); }
  static std::string Sha256(const std::string& bytes) { return MemoryBlobStore().Put(bytes)->sha256(); }

  MemoryBlobStore store_;
  StorageIndex index_;
  std::vector<UnreadManifest> unread_;
};

TEST_F(CollectionTest, RemovesWhatNothingNamesOnceItIsOld) {
  const std::string kept = PutArtifact({"kept"});
  ASSERT_TRUE(store_.Put("loose").ok());
  auto young = Collect({{kept, "a"}});
  ASSERT_TRUE(young.ok()) << young.status();
  EXPECT_EQ(young->blobs(), 0u);
  EXPECT_EQ(young->blobs_young(), 1u);
  store_.Advance(absl::Hours(2));
  auto old = Collect({{kept, "a"}});
  EXPECT_EQ(old->blobs(), 1u);
  EXPECT_EQ(old->bytes(), 5u);
  EXPECT_EQ(old->blobs_kept(), 2u);
  EXPECT_FALSE(Has("loose"));
  EXPECT_TRUE(Has("kept"));
  EXPECT_TRUE(GetManifest(store_, kept).ok());
}

TEST_F(CollectionTest, ADryRunSaysWhatItWouldRemoveAndRemovesNothing) {
  ASSERT_TRUE(store_.Put("loose").ok());
  store_.Advance(absl::Hours(2));
  EXPECT_EQ(Collect({}, true)->blobs(), 1u);
  EXPECT_TRUE(Has("loose"));
}

TEST_F(CollectionTest, KeepsAllThatARootCameFrom) {
  const std::string corpus = PutArtifact({"corpus"});
  const std::string tokens = PutArtifact({"tokens"}, {corpus});
  const std::string model = PutArtifact({"model"}, {tokens, corpus});
  store_.Advance(absl::Hours(2));
  EXPECT_EQ(Collect({{model, "a"}})->blobs(), 0u);
  EXPECT_TRUE(Has("corpus"));
  EXPECT_EQ(Collect({{tokens, "a"}})->blobs(), 2u);
  EXPECT_FALSE(Has("model"));
  EXPECT_TRUE(Has("corpus"));
}

TEST_F(CollectionTest, ASupersededCheckpointGoesButNotWhatItSharesWithTheNext) {
  const std::string older = PutArtifact({"step 1", "data state"});
  const std::string newer = PutArtifact({"step 2", "data state"});
  store_.Advance(absl::Hours(2));
  EXPECT_EQ(Collect({{older, ""}, {newer, ""}})->blobs(), 0u);
  EXPECT_EQ(Collect({{newer, ""}})->blobs(), 2u);
  EXPECT_FALSE(Has("step 1"));
  EXPECT_TRUE(Has("data state"));
}

TEST_F(CollectionTest, StoringOrNamingABlobAgainProtectsIt) {
  auto stored = store_.Put("stored again");
  auto renewed = store_.Put("renewed");
  ASSERT_TRUE(store_.Put("neither").ok());
  store_.Advance(absl::Hours(2));
  ASSERT_TRUE(store_.Put("stored again").ok());
  ASSERT_TRUE(store_.Renew(*renewed).ok());
  EXPECT_EQ(Collect({})->blobs(), 1u);
  EXPECT_FALSE(Has("neither"));
  // A manifest renews what it names.
  store_.Advance(absl::Hours(2));
  v1::Manifest manifest;
  manifest.set_kind("model");
  manifest.add_files()->set_path("file");
  *manifest.mutable_files(0)->mutable_blob() = *renewed;
  ASSERT_TRUE(PutManifest(store_, manifest).ok());
  EXPECT_EQ(Collect({})->blobs(), 1u);
  EXPECT_TRUE(Has("renewed"));
}

TEST_F(CollectionTest, AManifestThatCannotBeReadIsToldAndAnAncestorThatIsNotHereIsNot) {
  const std::string elsewhere(64, 'e');
  const std::string model = PutArtifact({"model"}, {elsewhere});
  ASSERT_TRUE(Collect({{model, "a"}}).ok());
  EXPECT_THAT(unread_, IsEmpty());
  index_ = StorageIndex();
  const std::string other = "other bytes";
  store_.Damage(model, &other);
  ASSERT_TRUE(Collect({{model, "a"}, {elsewhere, "a"}}).ok());
  ASSERT_THAT(unread_, SizeIs(2));
  EXPECT_EQ(unread_[0].id, model);
  EXPECT_TRUE(absl::IsDataLoss(unread_[0].status));
  EXPECT_TRUE(absl::IsNotFound(unread_[1].status));
}

TEST_F(CollectionTest, NothingIsRemovedIfItIsNotKnownWhatIsNamed) {
  ASSERT_TRUE(store_.Put("loose").ok());
  store_.Advance(absl::Hours(2));
  auto refused = CollectGarbage(
      store_, []() -> absl::StatusOr<IsNamed> { return absl::FailedPreconditionError("unread"); }, {});
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
  EXPECT_TRUE(Has("loose"));
}

TEST_F(CollectionTest, StopsWhenAsked) {
  ASSERT_TRUE(store_.Put("loose").ok());
  store_.Advance(absl::Hours(2));
  CollectionOptions options;
  options.stop = [] { return true; };
  auto stopped = CollectGarbage(store_, NothingIsNamed, options);
  EXPECT_TRUE(absl::IsCancelled(stopped.status()));
  EXPECT_TRUE(Has("loose"));
}

}  // namespace
}  // namespace bonsai
