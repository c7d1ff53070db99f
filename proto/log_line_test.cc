#include "proto/log_line.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

const absl::Time kTime = absl::FromUnixMillis(1700000000123);

TEST(LogLineTest, NamesTheJobTheAttemptAndTheRank) {
  LogSubject subject;
  subject.job = "p1/pretrain";
  subject.attempt = 2;
  subject.rank = 0;
  subject.worker = "w1";
  EXPECT_EQ(FormatLogLine(kTime, "coordinator", "starts", subject),
            "time=2023-11-14T22:13:20.123Z level=info source=coordinator job=p1/pretrain attempt=2 rank=0 "
            "worker=w1 "
            "msg=starts");
}

TEST(LogLineTest, LeavesOutWhatAnEventIsNotAbout) {
  EXPECT_EQ(FormatLogLine(kTime, "worker", "left", {}),
            "time=2023-11-14T22:13:20.123Z level=info source=worker msg=left");
}

TEST(LogLineTest, IsOneLineWhateverTheMessageHolds) {
  LogSubject subject;
  subject.level = "error";
  EXPECT_EQ(FormatLogLine(kTime, "worker", "a \"b\"\n\tc\\d=\x01 \xc3\xa9", subject),
            "time=2023-11-14T22:13:20.123Z level=error source=worker msg=\"a \\\"b\\\"\\n\\tc\\\\d=\\x01 "
            "\xc3\xa9\"");
  EXPECT_EQ(FormatLogLine(kTime, "worker", "", {}),
            "time=2023-11-14T22:13:20.123Z level=info source=worker msg=\"\"");
}

}  // namespace
}  // namespace bonsai
