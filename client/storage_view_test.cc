#include "client/storage_view.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

TEST(StorageViewTest, SaysWhatACollectionRemovedOrWould) {
  v1::CollectGarbageResponse response;
  response.set_blobs(1);
  response.set_bytes(1536);
  response.set_blobs_kept(1200);
  response.set_bytes_kept(3 << 20);
  EXPECT_EQ(RenderCollection(response, false), "removed 1 blob, 1.5 KiB; kept 1,200 blobs, 3.0 MiB\n");
  response.set_blobs_young(2);
  EXPECT_EQ(RenderCollection(response, true),
            "would remove 1 blob, 1.5 KiB; kept 1,200 blobs, 3.0 MiB\n"
            "of those kept, nothing names 2 yet; they are too young to go\n");
}

TEST(StorageViewTest, SaysWhatADamagedBlobTouches) {
  v1::StorageProblem problem;
  problem.mutable_blob()->set_sha256("ab");
  problem.mutable_blob()->set_size_bytes(10);
  problem.set_problem("missing");
  problem.add_artifact_ids("a1");
  problem.add_artifact_ids("a2");
  problem.add_checkpoint_ids("c1");
  EXPECT_EQ(RenderStorageProblem(problem),
            "blob ab (10 B): missing\n  of artifact a1, a2\n  of checkpoint c1\n");
}

TEST(StorageViewTest, SumsAVerificationUp) {
  v1::VerifyStorageResponse last;
  last.set_blobs(12);
  last.set_bytes(2048);
  EXPECT_EQ(RenderVerification(last, 0), "12 blobs, 2.0 KiB, verified: all are sound\n");
  EXPECT_EQ(RenderVerification(last, 1), "12 blobs, 2.0 KiB, verified: 1 is damaged or missing\n");
  EXPECT_EQ(RenderVerification(last, 2), "12 blobs, 2.0 KiB, verified: 2 are damaged or missing\n");
}

}  // namespace
}  // namespace bonsai
