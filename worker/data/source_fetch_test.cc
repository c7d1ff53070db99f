#include "worker/data/source_fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "storage/digest.h"
#include "worker/data/loopback_server_testing.h"

namespace bonsai {
namespace {

using testing::HasSubstr;
using testing::Not;
using Mode = LoopbackServer::Mode;

std::string Sha256Of(const std::string& bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.FinishHex();
}

class SourceFetch : public testing::Test {
 protected:
  SourceFetch()
      : folder_(testing::TempDir() + "/fetch_" +
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    for (int i = 0; i < 5000; ++i) body_ += absl::StrCat("line ", i, "\n");
  }

  FetchRequest Request(const LoopbackServer& server) const {
    return {
        .url = server.Url("sets/dev.jsonl?x=1"), .sha256 = Sha256Of(body_), .folder = folder_, .stop = {}};
  }

  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }

  const std::string folder_;
  std::string body_;
};

TEST_F(SourceFetch, AFileIsFetchedOnceAndNamedAsTheUrlEnds) {
  const LoopbackServer server(body_, Mode::kRanges);
  for (int i = 0; i < 2; ++i) {
    const auto path = FetchFile(Request(server));
    ASSERT_TRUE(path.ok()) << path.status();
    EXPECT_EQ(*path, folder_ + "/dev.jsonl");
    EXPECT_EQ(Read("dev.jsonl"), body_);
  }
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(SourceFetch, WhatAnEarlierTryLeftIsGoneOnWith) {
  const LoopbackServer server(body_, Mode::kRanges);
  std::ofstream(folder_ + "/dev.jsonl.part", std::ios::binary) << body_.substr(0, 1000);
  ASSERT_TRUE(FetchFile(Request(server)).ok());
  EXPECT_EQ(Read("dev.jsonl"), body_);
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_THAT(server.requests()[0], HasSubstr("Range: bytes=1000-"));
}

TEST_F(SourceFetch, AServerWithoutRangesSendsAllAgain) {
  const LoopbackServer server(body_, Mode::kWhole);
  std::ofstream(folder_ + "/dev.jsonl.part", std::ios::binary) << body_.substr(0, 1000);
  const auto path = FetchFile(Request(server));
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(Read("dev.jsonl"), body_);
}

TEST_F(SourceFetch, APartLongerThanTheFileIsThrownAway) {
  const LoopbackServer server(body_, Mode::kRanges);
  std::ofstream(folder_ + "/dev.jsonl.part", std::ios::binary) << body_ << "more";
  const auto path = FetchFile(Request(server));
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(Read("dev.jsonl"), body_);
}

TEST_F(SourceFetch, OtherBytesAreRefusedAndDeleted) {
  const LoopbackServer server(body_ + "x", Mode::kRanges);
  const absl::Status status = FetchFile(Request(server)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr(Sha256Of(body_ + "x")));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/dev.jsonl"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/dev.jsonl.part"));
}

TEST_F(SourceFetch, WhatIsNotThereIsToldInCurlsWords) {
  const LoopbackServer server("", Mode::kMissing);
  const absl::Status status = FetchFile(Request(server)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("404"));
}

TEST_F(SourceFetch, TheSizeIsBoundedWhetherItIsSaidOrNot) {
  for (const Mode mode : {Mode::kRanges, Mode::kUnknownLength}) {
    const LoopbackServer server(body_, mode);
    FetchRequest request = Request(server);
    request.bytes_max = 10;
    EXPECT_EQ(FetchFile(request).status().code(), absl::StatusCode::kResourceExhausted);
  }
}

TEST_F(SourceFetch, ASilentServerIsLeftWhenAskedToStopAndWhenTimeIsUp) {
  const LoopbackServer server("", Mode::kSilent);
  FetchRequest request = Request(server);
  request.stop = [&server] { return !server.requests().empty(); };
  EXPECT_EQ(FetchFile(request).status().code(), absl::StatusCode::kCancelled);
  request.stop = {};
  request.timeout = absl::Milliseconds(200);
  EXPECT_EQ(FetchFile(request).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(SourceFetch, OnlyHttpAndHttpsWithADigest) {
  FetchRequest request = {.url = "", .sha256 = Sha256Of("x"), .folder = folder_, .stop = {}};
  for (const char* url : {"file:///etc/passwd", "ftp://x/y", "-K/etc/passwd", "http://x/ y", ""}) {
    request.url = url;
    EXPECT_EQ(FetchFile(request).status().code(), absl::StatusCode::kInvalidArgument) << url;
  }
  request.url = "https://example.org/x";
  request.sha256 = "ab";
  EXPECT_EQ(FetchFile(request).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace bonsai
