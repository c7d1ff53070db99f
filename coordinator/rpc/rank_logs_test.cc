#include "coordinator/rpc/rank_logs.h"

#include <filesystem>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RankLogsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        testing::TempDir() + "/rank_logs_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
  }

  std::string folder_;
  const RankLogName log_{"p1/pretrain", 1, 0, false};
};

TEST_F(RankLogsTest, AppendsAndReadsFromAnOffset) {
  RankLogs logs(folder_);
  EXPECT_EQ(logs.Append(log_, 0, "hello ")->size, 6u);
  EXPECT_EQ(logs.Append(log_, 6, "world")->size, 11u);
  EXPECT_EQ(*logs.Read(log_, 0, 100), "hello world");
  EXPECT_EQ(*logs.Read(log_, 6, 3), "wor");
  EXPECT_EQ(*logs.Read(log_, 50, 3), "");
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/p1/pretrain/1-0.log"));
}

TEST_F(RankLogsTest, SaysHowMuchIsThere) {
  RankLogs logs(folder_);
  EXPECT_EQ(*logs.Size(log_), 0u);
  ASSERT_TRUE(logs.Append(log_, 0, "hello").ok());
  EXPECT_EQ(*logs.Size(log_), 5u);
}

TEST_F(RankLogsTest, SkipsWhatItHasAndAsksForWhatIsMissing) {
  RankLogs logs(folder_);
  ASSERT_TRUE(logs.Append(log_, 0, "abcdef").ok());
  EXPECT_EQ(logs.Append(log_, 0, "abc")->size, 6u);   // all of it is there
  EXPECT_EQ(logs.Append(log_, 4, "efgh")->size, 8u);  // half of it is there
  EXPECT_EQ(logs.Append(log_, 20, "far")->size, 8u);  // a gap: rewind to 8
  EXPECT_EQ(*logs.Read(log_, 0, 100), "abcdefgh");
}

TEST_F(RankLogsTest, KeepsStreamsApart) {
  RankLogs logs(folder_);
  ASSERT_TRUE(logs.Append({"p1/a", 1, 0, false}, 0, "log").ok());
  ASSERT_TRUE(logs.Append({"p1/a", 1, 0, true}, 0, "samples").ok());
  ASSERT_TRUE(logs.Append({"p1/a", 2, 0, false}, 0, "second").ok());
  ASSERT_TRUE(logs.Append({"p1/a", 1, 1, false}, 0, "other rank").ok());
  EXPECT_EQ(*logs.Read({"p1/a", 1, 0, false}, 0, 100), "log");
  EXPECT_EQ(*logs.Read({"p1/a", 1, 0, true}, 0, 100), "samples");
  EXPECT_EQ(*logs.Read({"p1/a", 2, 0, false}, 0, 100), "second");
  EXPECT_EQ(*logs.Read({"p1/a", 1, 1, false}, 0, 100), "other rank");
}

TEST_F(RankLogsTest, CutsALongStreamAndSwallowsTheRest) {
  RankLogs logs(folder_, 10);
  EXPECT_EQ(logs.Append(log_, 0, "0123456789")->size, 10u);
  const auto over = logs.Append(log_, 10, "abc");
  EXPECT_EQ(over->size, 13u);
  EXPECT_EQ(over->bytes, 0u);
  EXPECT_EQ(logs.Append(log_, 13, "def")->size, 16u);
  EXPECT_EQ(logs.Append(log_, 40, "gap")->size, 43u);
  const std::string kept = *logs.Read(log_, 0, 1000);
  EXPECT_THAT(kept, StartsWith("0123456789\n[cut here: a log holds at most 10 bytes]\n"));
  EXPECT_EQ(kept.find("abc"), std::string::npos);
}

TEST_F(RankLogsTest, OutlivesItsProcess) {
  { ASSERT_TRUE(RankLogs(folder_).Append(log_, 0, "before ").ok()); }
  RankLogs logs(folder_);
  EXPECT_EQ(logs.Append(log_, 7, "after")->size, 12u);
  EXPECT_EQ(*logs.Read(log_, 0, 100), "before after");
}

TEST_F(RankLogsTest, WakesAFollowerWhenSomethingIsAppended) {
  RankLogs logs(folder_);
  const uint64_t seen = logs.WaitForAppend(UINT64_MAX, absl::ZeroDuration());
  EXPECT_EQ(logs.WaitForAppend(seen, absl::Milliseconds(1)), seen);
  std::thread writer([&] { ASSERT_TRUE(logs.Append(log_, 0, "x").ok()); });
  EXPECT_NE(logs.WaitForAppend(seen, absl::Seconds(30)), seen);
  writer.join();
}

TEST_F(RankLogsTest, SaysWhereItCannotWrite) {
  RankLogs logs("/proc/none");
  const absl::Status status = logs.Append(log_, 0, "x").status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("/proc/none/p1/pretrain"));
}

}  // namespace
}  // namespace bonsai
