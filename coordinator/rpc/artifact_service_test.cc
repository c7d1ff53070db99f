// The artifact service over a real connection: what breaks off, what is damaged, what comes twice.
#include <grpcpp/grpcpp.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "coordinator/rpc/coordinator_service.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/piece_checksum.h"
#include "storage/digest.h"
#include "storage/memory_blob_store.h"

namespace bonsai {
namespace {

class ArtifactServiceTest : public ::testing::Test {
 protected:
  ArtifactServiceTest() {
    dir_ = std::filesystem::path(testing::TempDir() + "/uploads-XXXXXX").lexically_normal().string();
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
    partial_ = *PartialBlobs::Open(dir_, &blobs_, {});
    intake_ = std::make_unique<BlobIntake>(&blobs_, partial_.get());
    catalog_ = std::make_unique<ArtifactCatalog>(&blobs_, &model_);
    CoordinatorService::Parts parts = {};
    parts.catalog = catalog_.get();
    parts.intake = intake_.get();
    parts.metrics = &metrics_;
    parts.stopping = &stopping_;
    service_ = std::make_unique<CoordinatorService>(parts);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::Coordinator::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
    for (size_t i = 0; i < (5 << 19); ++i) bytes_.push_back(static_cast<char>(i ^ (i >> 9)));
    blob_.set_sha256(Sha256Hex(bytes_));
    blob_.set_size_bytes(bytes_.size());
  }
  ~ArtifactServiceTest() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_ = nullptr;
    std::filesystem::remove_all(dir_);
  }

  // A stream that the test writes to.
  struct Upload {
    explicit Upload(ArtifactServiceTest& test)
        : test(test), writer(test.stub_->WriteBlob(&context, &response)) {}
    bool Write(uint64_t offset, uint64_t size, uint32_t damage = 0) {
      v1::WriteBlobRequest request;
      if (first) *request.mutable_blob() = test.blob_;
      first = false;
      request.set_offset(offset);
      request.set_data(test.bytes_.substr(offset, size));
      request.set_crc32c(Crc32c(request.data()) ^ damage);
      return writer->Write(request);
    }
    grpc::StatusCode Finish() {
      writer->WritesDone();
      return writer->Finish().error_code();
    }
    void BreakOff() {
      context.TryCancel();
      writer->Finish();
    }

    ArtifactServiceTest& test;
    bool first = true;
    grpc::ClientContext context;
    v1::WriteBlobResponse response;
    std::unique_ptr<grpc::ClientWriter<v1::WriteBlobRequest>> writer;
  };

  v1::FindMissingBlobsResponse FindMissing() {
    grpc::ClientContext context;
    v1::FindMissingBlobsRequest request;
    *request.add_blobs() = blob_;
    v1::FindMissingBlobsResponse response;
    EXPECT_TRUE(stub_->FindMissingBlobs(&context, request, &response).ok());
    return response;
  }
  std::string Read(uint64_t offset, grpc::Status* status) {
    grpc::ClientContext context;
    v1::ReadBlobRequest request;
    request.set_sha256(blob_.sha256());
    request.set_offset(offset);
    auto reader = stub_->ReadBlob(&context, request);
    v1::ReadBlobResponse response;
    std::string bytes;
    while (reader->Read(&response)) {
      EXPECT_EQ(response.crc32c(), Crc32c(response.data()));
      bytes += response.data();
    }
    *status = reader->Finish();
    return bytes;
  }

  static constexpr uint64_t kPiece = kPieceBytesMax;

  std::string dir_;
  MemoryBlobStore blobs_;
  ReadModel model_{Records()};
  Metrics metrics_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<PartialBlobs> partial_;
  std::unique_ptr<BlobIntake> intake_;
  std::unique_ptr<ArtifactCatalog> catalog_;
  std::unique_ptr<CoordinatorService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::Coordinator::Stub> stub_;
  std::string bytes_;
  v1::Blob blob_;
};

TEST_F(ArtifactServiceTest, ABlobGoesUpInPiecesAndComesBackFromAnyOffset) {
  EXPECT_EQ(FindMissing().missing_size(), 1);
  Upload upload(*this);
  EXPECT_TRUE(upload.Write(0, kPiece));
  EXPECT_TRUE(upload.Write(kPiece, kPiece));
  EXPECT_TRUE(upload.Write(2 * kPiece, kPiece));
  EXPECT_EQ(upload.Finish(), grpc::StatusCode::OK);
  EXPECT_EQ(upload.response.size_bytes(), bytes_.size());
  EXPECT_EQ(FindMissing().missing_size(), 0);
  grpc::Status status;
  EXPECT_EQ(Read(0, &status), bytes_);
  EXPECT_TRUE(Read(12345, &status) == bytes_.substr(12345));
  EXPECT_EQ(Read(bytes_.size(), &status), "");
  EXPECT_TRUE(status.ok());
  Read(bytes_.size() + 1, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(ArtifactServiceTest, AConnectionThatBreaksLeavesWhatCameAndTheNextGoesOn) {
  Upload first(*this);
  ASSERT_TRUE(first.Write(0, kPiece));
  // What is on its way when the call is cancelled may be lost; wait until the piece is there.
  while (FindMissing().missing(0).received_bytes() < kPiece) std::this_thread::yield();
  first.BreakOff();
  while (absl::IsAborted(partial_->Start(blob_, uint64_t{1} << 40).status())) std::this_thread::yield();
  const uint64_t received = FindMissing().missing(0).received_bytes();
  EXPECT_EQ(received, kPiece);
  Upload second(*this);
  EXPECT_TRUE(second.Write(received, kPiece));
  EXPECT_TRUE(second.Write(received + kPiece, kPiece));
  EXPECT_EQ(second.Finish(), grpc::StatusCode::OK);
  EXPECT_TRUE(blobs_.Verify(blob_).ok());
}

TEST_F(ArtifactServiceTest, ADamagedPieceEndsTheCallAndWhatCameBeforeStays) {
  Upload upload(*this);
  upload.Write(0, kPiece);
  upload.Write(kPiece, kPiece, /*damage=*/1);
  EXPECT_EQ(upload.Finish(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(FindMissing().missing(0).received_bytes(), kPiece);
}

TEST_F(ArtifactServiceTest, AWrongOffsetIsRefused) {
  Upload beyond(*this);
  beyond.Write(17, kPiece);
  EXPECT_EQ(beyond.Finish(), grpc::StatusCode::OUT_OF_RANGE);
  Upload gap(*this);
  gap.Write(0, kPiece);
  gap.Write(kPiece + 1, kPiece);
  EXPECT_EQ(gap.Finish(), grpc::StatusCode::OUT_OF_RANGE);
  Upload early(*this);
  early.Write(0, kPiece);
  EXPECT_EQ(early.Finish(), grpc::StatusCode::OUT_OF_RANGE);
}

TEST_F(ArtifactServiceTest, BytesOfAnotherDigestDoNotCount) {
  blob_.set_sha256(std::string(64, 'e'));
  Upload upload(*this);
  for (uint64_t offset = 0; offset < bytes_.size(); offset += kPiece) upload.Write(offset, kPiece);
  EXPECT_EQ(upload.Finish(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(FindMissing().missing(0).received_bytes(), 0u);
}

TEST_F(ArtifactServiceTest, OfTwoUploadsAtOnceOneIsToldToComeBackAndThenFindsItThere) {
  Upload first(*this), second(*this);
  ASSERT_TRUE(first.Write(0, kPiece));
  while (FindMissing().missing(0).received_bytes() < kPiece) std::this_thread::yield();
  second.Write(0, kPiece);
  EXPECT_EQ(second.Finish(), grpc::StatusCode::ABORTED);
  first.Write(kPiece, kPiece);
  first.Write(2 * kPiece, kPiece);
  EXPECT_EQ(first.Finish(), grpc::StatusCode::OK);
  Upload third(*this);
  third.Write(0, kPiece);
  EXPECT_EQ(third.Finish(), grpc::StatusCode::OK);
}

TEST_F(ArtifactServiceTest, WhatIsNoUploadIsRefused) {
  Upload nameless(*this);
  nameless.first = false;
  nameless.Write(0, kPiece);
  EXPECT_EQ(nameless.Finish(), grpc::StatusCode::INVALID_ARGUMENT);
  Upload empty(*this);
  EXPECT_EQ(empty.Finish(), grpc::StatusCode::INVALID_ARGUMENT);
  blob_.set_sha256("../../etc/passwd");
  Upload path(*this);
  path.Write(0, kPiece);
  EXPECT_EQ(path.Finish(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace bonsai
