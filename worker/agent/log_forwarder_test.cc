#include "worker/agent/log_forwarder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "worker/agent/rank_folder.h"

namespace bonsai {
namespace {

class LogForwarderTest : public testing::Test {
 protected:
  LogForwarderTest() {
    std::string dir = testing::TempDir() + "/logs-XXXXXX";
    if (mkdtemp(dir.data()) == nullptr) std::abort();
    folder_ = *FolderOf(dir, key_);
    if (!MakeFresh(folder_).ok()) std::abort();
    forwarder_ = std::make_unique<LogForwarder>(dir, [this](const auto& request) { return Append(request); });
  }

  // As the coordinator does: bytes that it has are skipped, a gap is not filled.
  absl::StatusOr<uint64_t> Append(const v1::AppendLogRequest& request) {
    ++calls_;
    if (!answer_.ok()) return answer_;
    std::string& have = streams_[request.stream()];
    EXPECT_LE(request.data().size(), kLogChunkBytes);
    if (request.offset() <= have.size() && request.offset() + request.data().size() > have.size()) {
      have += request.data().substr(have.size() - request.offset());
    }
    return have.size();
  }

  void Write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::app) << bytes;
  }

  // Until nothing is left; the number of calls is bounded.
  void ForwardAll() {
    for (int i = 0; i < 100; ++i) {
      auto all = forwarder_->Forward(key_);
      ASSERT_TRUE(all.ok()) << all.status();
      if (*all) return;
    }
    FAIL() << "it never ends";
  }

  const RankKey key_{"p1/a", 1, 0};
  RankFolder folder_;
  std::unique_ptr<LogForwarder> forwarder_;
  std::map<v1::AppendLogRequest::Stream, std::string> streams_;
  absl::Status answer_;
  int calls_ = 0;
};

TEST_F(LogForwarderTest, SendsBothStreamsAsTheyGrow) {
  Write(folder_.log_file, "one\n");
  ForwardAll();
  Write(folder_.log_file, "two\n");
  Write(folder_.samples_file, "{}\n");
  ForwardAll();
  EXPECT_EQ(streams_[v1::AppendLogRequest::LOG], "one\ntwo\n");
  EXPECT_EQ(streams_[v1::AppendLogRequest::SAMPLES], "{}\n");
  EXPECT_EQ(forwarder_->bytes_forwarded(), 11u);
  int calls = calls_;
  ForwardAll();
  EXPECT_EQ(calls_, calls) << "there was nothing to send";
}

TEST_F(LogForwarderTest, SendsALargeLogInBoundedPieces) {
  std::string large;
  for (int i = 0; large.size() < 9 * kLogChunkBytes; ++i) large += std::to_string(i) + "\n";
  Write(folder_.log_file, large);
  EXPECT_FALSE(*forwarder_->Forward(key_));
  EXPECT_EQ(streams_[v1::AppendLogRequest::LOG].size(), kLogChunksPerCall * kLogChunkBytes);
  ForwardAll();
  EXPECT_EQ(streams_[v1::AppendLogRequest::LOG], large);
}

TEST_F(LogForwarderTest, GoesOnFromTheAcknowledgedOffsetAfterAnOutage) {
  Write(folder_.log_file, "one\n");
  ForwardAll();
  answer_ = absl::UnavailableError("away");
  Write(folder_.log_file, "two\n");
  EXPECT_TRUE(absl::IsUnavailable(forwarder_->Forward(key_).status()));
  answer_ = absl::OkStatus();
  ForwardAll();
  EXPECT_EQ(streams_[v1::AppendLogRequest::LOG], "one\ntwo\n");
}

TEST_F(LogForwarderTest, SendsAgainWhatTheCoordinatorLost) {
  Write(folder_.log_file, "one\ntwo\n");
  ForwardAll();
  streams_[v1::AppendLogRequest::LOG] = "one\n";
  Write(folder_.log_file, "three\n");
  ForwardAll();
  EXPECT_EQ(streams_[v1::AppendLogRequest::LOG], "one\ntwo\nthree\n");
}

TEST_F(LogForwarderTest, GivesUpAStreamThatTheCoordinatorRefuses) {
  Write(folder_.log_file, "one\n");
  answer_ = absl::NotFoundError("no such attempt");
  ForwardAll();
  int calls = calls_;
  Write(folder_.log_file, "two\n");
  ForwardAll();
  EXPECT_EQ(calls_, calls);
}

TEST_F(LogForwarderTest, ARankWithoutFilesHasNothingToSend) {
  auto all = forwarder_->Forward({"p1/other", 1, 0});
  ASSERT_TRUE(all.ok());
  EXPECT_TRUE(*all);
  EXPECT_TRUE(*forwarder_->Forward({"../other", 1, 0}));
}

}  // namespace
}  // namespace bonsai
