#include "client/cluster/supervisor.h"

#include <cstdio>
#include <fstream>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SupervisorTest : public testing::Test {
 protected:
  Supervisor::Options Options() {
    Supervisor::Options options;
    options.say = [this](const std::string& line) { said_.push_back(line); };
    return options;
  }

  ChildSpec Shell(const std::string& text) {
    return {"part", {"/bin/sh", "-c", text}, testing::TempDir() + "/supervisor_test.log"};
  }

  // Reaps at a made-up time until one more line was said.
  void ReapOne(Supervisor& supervisor, absl::Time now) {
    const size_t before = said_.size();
    for (int i = 0; i < 6000 && said_.size() == before; ++i) {
      supervisor.Reap(now);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_THAT(said_, SizeIs(before + 1));
  }

  std::vector<std::string> said_;
};

TEST_F(SupervisorTest, StartsAgainLaterEachTime) {
  Supervisor supervisor(Options());
  absl::Time now = absl::UnixEpoch();
  ASSERT_TRUE(supervisor.Start(Shell("exit 3"), now).ok());
  for (const char* wait : {"0.1s", "0.2s", "0.4s", "0.8s", "1.6s", "3.2s", "6.4s", "10s", "10s"}) {
    ReapOne(supervisor, now);
    EXPECT_THAT(said_.back(),
                HasSubstr(std::string("part ended (exit code 3); starting it again in ") + wait));
    supervisor.RestartDue(now + absl::Milliseconds(99));
    now += absl::Seconds(10);
    supervisor.RestartDue(now);
  }
  EXPECT_EQ(supervisor.QuickEnds("part"), 9);
}

TEST_F(SupervisorTest, ForgetsOldCrashesOfAProcessThatRanWell) {
  Supervisor supervisor(Options());
  absl::Time now = absl::UnixEpoch();
  ASSERT_TRUE(supervisor.Start(Shell("exit 1"), now).ok());
  ReapOne(supervisor, now);
  supervisor.RestartDue(now + absl::Seconds(1));
  ReapOne(supervisor, now + absl::Seconds(20));
  EXPECT_THAT(said_.back(), HasSubstr("in 0.1s"));
  EXPECT_EQ(supervisor.QuickEnds("part"), 1);
}

TEST_F(SupervisorTest, DoesNotStartAgainWhatWasStopped) {
  Supervisor supervisor(Options());
  ASSERT_TRUE(supervisor.Start(Shell("exec sleep 1000"), absl::UnixEpoch()).ok());
  supervisor.Stop([](const std::string&) { return true; }, absl::Seconds(60), [] { return false; });
  supervisor.RestartDue(absl::InfiniteFuture() - absl::Seconds(1));
  supervisor.Reap(absl::UnixEpoch());
  EXPECT_THAT(said_, SizeIs(0));
}

TEST_F(SupervisorTest, KillsWhatDoesNotEndWithinTheBound) {
  Supervisor supervisor(Options());
  ChildSpec deaf = Shell("trap '' TERM; echo deaf; while true; do sleep 1000; done");
  deaf.log_path = testing::TempDir() + "/deaf.log";
  std::remove(deaf.log_path.c_str());
  ASSERT_TRUE(supervisor.Start(deaf, absl::UnixEpoch()).ok());
  std::string line;
  for (int i = 0; i < 6000 && line != "deaf"; ++i) {
    std::ifstream log(deaf.log_path);
    std::getline(log, line);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  supervisor.Stop([](const std::string&) { return true; }, absl::ZeroDuration(), [] { return false; });
  EXPECT_THAT(said_, ElementsAre("part did not end when asked; killing it"));
}

TEST_F(SupervisorTest, NamesAProgramThatCannotBeStarted) {
  Supervisor supervisor(Options());
  const absl::Status status =
      supervisor.Start({"part", {"/nonexistent/program"}, testing::TempDir() + "/x.log"}, absl::UnixEpoch());
  EXPECT_EQ(status.message(), "cannot start /nonexistent/program: No such file or directory");
  EXPECT_THAT(
      std::string(supervisor.Start({"part", {"/bin/true"}, "/nonexistent/log"}, absl::UnixEpoch()).message()),
      HasSubstr("cannot open /nonexistent/log"));
}

}  // namespace
}  // namespace bonsai
