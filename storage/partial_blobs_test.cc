#include "storage/partial_blobs.h"

#include <stdlib.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/piece_checksum.h"
#include "storage/memory_blob_store.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

v1::Blob BlobOf(const std::string& bytes) {
  v1::Blob blob;
  blob.set_sha256(Sha256Hex(bytes));
  blob.set_size_bytes(bytes.size());
  return blob;
}

class PartialBlobsTest : public testing::Test {
 protected:
  PartialBlobsTest() {
    dir_ = std::filesystem::path(testing::TempDir() + "/partial-XXXXXX").lexically_normal().string();
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
    for (int i = 0; i < 5000; ++i) bytes_ += static_cast<char>(i * 31 + i / 100);
    blob_ = BlobOf(bytes_);
    Reopen({});
  }
  ~PartialBlobsTest() override { std::filesystem::remove_all(dir_); }

  void Reopen(PartialBlobs::Options options) {
    options.clock = [this] { return now_; };
    auto opened = PartialBlobs::Open(dir_ + "/uploads", &store_, options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    partial_ = *std::move(opened);
  }
  std::unique_ptr<PartialBlobs::Incoming> Start(uint64_t offset) {
    auto incoming = partial_->Start(blob_, offset);
    EXPECT_TRUE(incoming.ok()) << incoming.status();
    return incoming.ok() ? *std::move(incoming) : nullptr;
  }
  absl::Status Append(PartialBlobs::Incoming& incoming, uint64_t offset, size_t size) {
    const std::string piece = bytes_.substr(offset, size);
    return incoming.Append(offset, piece, Crc32c(piece));
  }
  // An upload of the first bytes, which breaks off.
  void BreakOffAfter(size_t size) {
    auto incoming = Start(0);
    ASSERT_TRUE(Append(*incoming, 0, size).ok());
  }
  size_t Files() {
    size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir_ + "/uploads")) ++files;
    return files;
  }

  std::string dir_;
  absl::Time now_ = absl::Now();
  MemoryBlobStore store_;
  std::unique_ptr<PartialBlobs> partial_;
  std::string bytes_;
  v1::Blob blob_;
};

TEST_F(PartialBlobsTest, ABlobCountsOnceAllPiecesAreThereAndVerify) {
  auto incoming = Start(0);
  ASSERT_TRUE(Append(*incoming, 0, 2000).ok());
  EXPECT_EQ(incoming->Finish().code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(Append(*incoming, 2000, 3000).ok());
  EXPECT_TRUE(absl::IsNotFound(store_.Check(blob_)));
  EXPECT_TRUE(incoming->Finish().ok());
  EXPECT_EQ(*store_.Get(blob_.sha256(), 1 << 20), bytes_);
  incoming = nullptr;
  EXPECT_EQ(Files(), 0u);
}

TEST_F(PartialBlobsTest, AnEmptyBlobIsABlob) {
  blob_ = BlobOf("");
  EXPECT_TRUE(Start(0)->Finish().ok());
  EXPECT_TRUE(store_.Check(blob_).ok());
}

TEST_F(PartialBlobsTest, GoesOnWhereABrokenTransferStopped) {
  BreakOffAfter(1234);
  Reopen({});  // as another process would
  EXPECT_EQ(partial_->ReceivedBytes(blob_), 1234u);
  EXPECT_TRUE(absl::IsOutOfRange(partial_->Start(blob_, 1235).status()));
  auto incoming = Start(1234);
  ASSERT_TRUE(Append(*incoming, 1234, 5000).ok());
  EXPECT_TRUE(incoming->Finish().ok());
  EXPECT_TRUE(store_.Verify(blob_).ok());
}

TEST_F(PartialBlobsTest, MayGoOnFromBeforeWhatIsHere) {
  BreakOffAfter(1234);
  auto incoming = Start(1000);
  ASSERT_TRUE(Append(*incoming, 1000, 5000).ok());
  EXPECT_TRUE(incoming->Finish().ok());
}

TEST_F(PartialBlobsTest, ADamagedOrMisplacedPieceIsRefusedAndWhatCameBeforeStays) {
  auto incoming = Start(0);
  ASSERT_TRUE(Append(*incoming, 0, 1000).ok());
  std::string damaged = bytes_.substr(1000, 1000);
  const uint32_t crc = Crc32c(damaged);
  damaged[7] ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(incoming->Append(1000, damaged, crc)));
  const absl::Status gap = Append(*incoming, 1001, 10);
  EXPECT_TRUE(absl::IsOutOfRange(gap));
  EXPECT_THAT(gap.message(), HasSubstr("the next one is at 1000"));
  EXPECT_TRUE(absl::IsInvalidArgument(incoming->Append(1000, std::string(4001, 'x'), 0)));
  EXPECT_TRUE(absl::IsInvalidArgument(incoming->Append(1000, std::string(kPieceBytesMax + 1, 'x'), 0)));
  ASSERT_TRUE(Append(*incoming, 1000, 4000).ok());
  EXPECT_TRUE(incoming->Finish().ok());
}

TEST_F(PartialBlobsTest, BytesWithAnotherDigestAreDroppedAndNotStored) {
  const std::string other(bytes_.size(), 'x');
  auto incoming = Start(0);
  ASSERT_TRUE(incoming->Append(0, other, Crc32c(other)).ok());
  EXPECT_TRUE(absl::IsDataLoss(incoming->Finish()));
  incoming = nullptr;
  EXPECT_EQ(partial_->ReceivedBytes(blob_), 0u);
  EXPECT_TRUE(absl::IsNotFound(store_.Check(BlobOf(other))));
}

TEST_F(PartialBlobsTest, OfTwoTransfersOfOneBlobTheSecondIsToComeBack) {
  auto first = Start(0);
  EXPECT_TRUE(absl::IsAborted(partial_->Start(blob_, 0).status()));
  ASSERT_TRUE(Append(*first, 0, 10).ok());
  first = nullptr;
  EXPECT_NE(Start(10), nullptr);
}

TEST_F(PartialBlobsTest, OldFilesGoAndSoDoTheOldestOfTooMany) {
  BreakOffAfter(100);
  now_ += absl::Minutes(61);
  Reopen({});
  EXPECT_EQ(partial_->ReceivedBytes(blob_), 0u);
  now_ = absl::Now();
  Reopen({.files_max = 0});
  BreakOffAfter(100);
  Reopen({.files_max = 0});
  EXPECT_EQ(Files(), 0u);
}

TEST_F(PartialBlobsTest, WhatIsUnderWayIsBounded) {
  Reopen({.bytes_max = 3000});
  auto incoming = Start(0);
  ASSERT_TRUE(Append(*incoming, 0, 3000).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Append(*incoming, 3000, 1)));
  incoming = nullptr;
  Reopen({.bytes_max = 3000});
  EXPECT_TRUE(absl::IsResourceExhausted(Append(*Start(3000), 3000, 1)));
  // Dropping them makes room.
  ASSERT_TRUE(Append(*Start(1000), 1000, 2000).ok());
}

TEST_F(PartialBlobsTest, AFullDiskIsSaidAndTheTransferGoesOnLater) {
  auto incoming = Start(0);
  ASSERT_TRUE(Append(*incoming, 0, 1000).ok());
  // The limit on a file's size stands in for the disk.
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full = {1500, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &full);
  EXPECT_TRUE(absl::IsResourceExhausted(Append(*incoming, 1000, 1000)));
  setrlimit(RLIMIT_FSIZE, &before);
  incoming = nullptr;
  EXPECT_EQ(partial_->ReceivedBytes(blob_), 1000u);
  incoming = Start(1000);
  ASSERT_TRUE(Append(*incoming, 1000, 4000).ok());
  EXPECT_TRUE(incoming->Finish().ok());
}

TEST_F(PartialBlobsTest, WhatIsNoDigestNamesNoFile) {
  blob_.set_sha256("../../etc/passwd");
  EXPECT_TRUE(absl::IsInvalidArgument(partial_->Start(blob_, 0).status()));
  EXPECT_EQ(partial_->ReceivedBytes(blob_), 0u);
}

}  // namespace
}  // namespace bonsai
