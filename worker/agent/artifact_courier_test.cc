#include "worker/agent/artifact_courier.h"

#include <poll.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/directory_blob_store.h"
#include "storage/manifest.h"
#include "storage/memory_blob_store.h"
#include "storage/remote/fake_remote.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using Finished = ArtifactCourier::Finished;

class ArtifactCourierTest : public testing::Test {
 protected:
  ArtifactCourierTest() {
    dir_ = std::filesystem::path(testing::TempDir() + "/courier-XXXXXX").lexically_normal().string();
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
    here_ = *DirectoryBlobStore::Open(dir_);
    partial_ = *PartialBlobs::Open(dir_ + "/incoming", here_.get(), {});
    there_partial_ = *PartialBlobs::Open(dir_ + "/there", &there_, {});
    cache_ = *StorageCache::Open(dir_ + "/cached", here_.get(), 1 << 20);
    far_.blobs = &there_;
    far_.partial = there_partial_.get();
    ArtifactCourier::Parts parts;
    parts.blobs = here_.get();
    parts.partial = partial_.get();
    parts.cache = cache_.get();
    parts.transfer.connect = [this] { return ConnectTo(&far_); };
    parts.transfer.backoff_first = parts.transfer.backoff_max = absl::Milliseconds(1);
    parts.progress = [this](const RankKey&, uint64_t done, uint64_t) { progress_ = done; };
    courier_ = std::make_unique<ArtifactCourier>(std::move(parts));
  }
  ~ArtifactCourierTest() override {
    courier_ = nullptr;
    std::filesystem::remove_all(dir_);
  }

  static std::string Make(BlobStore& store, const std::string& kind, const std::string& bytes) {
    v1::Manifest manifest;
    manifest.set_kind(kind);
    manifest.add_files()->set_path("file");
    *manifest.mutable_files(0)->mutable_blob() = *store.Put(bytes);
    return *PutManifest(store, manifest);
  }
  static v1::RunnerEvent CheckpointOf(const std::string& id) {
    v1::RunnerEvent event;
    event.mutable_checkpoint()->set_manifest_id(id);
    return event;
  }
  Finished WaitForOne() {
    pollfd ready = {courier_->done_fd(), POLLIN, 0};
    while (poll(&ready, 1, 30000) == 1) {
      for (Finished& one : courier_->TakeFinished()) return std::move(one);
    }
    ADD_FAILURE() << "nothing was finished";
    return {};
  }

  std::string dir_;
  std::unique_ptr<DirectoryBlobStore> here_;
  MemoryBlobStore there_;
  std::unique_ptr<PartialBlobs> partial_, there_partial_;
  std::unique_ptr<StorageCache> cache_;
  FakeFarSide far_;
  std::atomic<uint64_t> progress_{0};
  std::unique_ptr<ArtifactCourier> courier_;
  const RankKey key_{"p1/a", 1, 0};
};

TEST_F(ArtifactCourierTest, BringsInputsAndTheNewestCheckpointThatIsWhole) {
  v1::Task task;
  v1::ResolvedInput& input = *task.add_inputs();
  input.set_field("pretrain.tokens");
  input.set_artifact_id(Make(there_, "tokens", std::string(5000, 't')));
  const std::string damaged = Make(there_, "checkpoint", "newest"),
                    sound = Make(there_, "checkpoint", "older");
  there_.Damage(GetManifest(there_, damaged)->files(0).blob().sha256(), nullptr);
  for (const std::string& id : {damaged, sound, Make(there_, "checkpoint", "oldest")}) {
    task.add_resume()->set_manifest_id(id);
  }
  courier_->Fetch(key_, task);
  const Finished finished = WaitForOne();
  ASSERT_TRUE(finished.status.ok()) << finished.status;
  ASSERT_EQ(finished.task.resume_size(), 1);
  EXPECT_EQ(finished.task.resume(0).manifest_id(), sound);
  for (const std::string& id : {input.artifact_id(), sound}) {
    EXPECT_TRUE(VerifyArtifact(*here_, *GetManifest(*here_, id)).ok());
  }
  EXPECT_GT(progress_, 0u);
  EXPECT_THAT(cache_->Artifacts(), testing::ElementsAre(input.artifact_id(), sound));
}

TEST_F(ArtifactCourierTest, AnInputThatCannotBeHadIsNamed) {
  v1::Task task;
  task.add_inputs()->set_field("pretrain.tokens");
  task.mutable_inputs(0)->set_artifact_id(std::string(64, 'a'));
  courier_->Fetch(key_, task);
  const Finished finished = WaitForOne();
  EXPECT_TRUE(absl::IsNotFound(finished.status));
  EXPECT_THAT(finished.status.message(), HasSubstr("input pretrain.tokens"));
}

TEST_F(ArtifactCourierTest, AFetchStopsWhenItIsCancelled) {
  far_.calls_away = 1 << 30;
  v1::Task task;
  task.add_inputs()->set_artifact_id(Make(there_, "tokens", "t"));
  courier_->Fetch(key_, task);
  courier_->Cancel(key_);
  EXPECT_TRUE(absl::IsCancelled(WaitForOne().status));
}

TEST_F(ArtifactCourierTest, TakesACheckpointToTheCoordinatorThoughThatIsAwayForAWhile) {
  far_.calls_away = 20;
  const std::string id = Make(*here_, "checkpoint", std::string(5000, 'c'));
  courier_->Deliver(key_, CheckpointOf(id));
  EXPECT_TRUE(courier_->Delivers(key_));
  const Finished finished = WaitForOne();
  ASSERT_TRUE(finished.status.ok()) << finished.status;
  EXPECT_EQ(finished.event.checkpoint().manifest_id(), id);
  EXPECT_TRUE(VerifyArtifact(there_, *GetManifest(there_, id)).ok());
  EXPECT_FALSE(courier_->Delivers(key_));
}

TEST_F(ArtifactCourierTest, ACheckpointThatWaitsIsDroppedForANewerOne) {
  far_.calls_away = 1 << 30;
  std::vector<std::string> ids;
  for (const char* bytes : {"first", "second", "third"}) ids.push_back(Make(*here_, "checkpoint", bytes));
  courier_->Deliver(key_, CheckpointOf(ids[0]));
  // The first may be under way, or wait too.
  courier_->Deliver(key_, CheckpointOf(ids[1]));
  courier_->Deliver(key_, CheckpointOf(ids[2]));
  far_.calls_away = 0;
  std::string last;
  while (courier_->Delivers(key_)) {
    last = WaitForOne().event.checkpoint().manifest_id();
    EXPECT_NE(last, ids[1]);
  }
  EXPECT_EQ(last, ids[2]);
}

TEST_F(ArtifactCourierTest, OfARankThatIsForgottenNothingIsSaid) {
  far_.calls_away = 1 << 30;
  courier_->Deliver(key_, CheckpointOf(Make(*here_, "checkpoint", "c")));
  courier_->Forget(key_);
  EXPECT_TRUE(courier_->TakeFinished().empty());
  EXPECT_FALSE(courier_->Delivers(key_));
}

}  // namespace
}  // namespace bonsai
