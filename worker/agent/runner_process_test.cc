#include "worker/agent/runner_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storage/file_bytes.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

class RunnerProcessTest : public testing::Test {
 protected:
  RunnerProcessTest() {
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
  }
  ProcessSpec Shell(const std::string& script) {
    ProcessSpec spec;
    spec.program = "/bin/sh";
    spec.arguments = {"-c", script};
    spec.environment = {"BONSAI_WORD=bird"};
    spec.work_dir = dir_;
    spec.log_file = dir_ + "/log";
    spec.pid_file = dir_ + "/pid";
    return spec;
  }
  static ProcessEnd WaitForEnd(RunnerProcess& process) {
    int fd = static_cast<int>(syscall(SYS_pidfd_open, process.pid(), 0));
    pollfd ended = {fd, POLLIN, 0};
    EXPECT_EQ(poll(&ended, 1, 30000), 1);
    close(fd);
    std::optional<ProcessEnd> end = process.Poll();
    EXPECT_TRUE(end.has_value());
    return end.value_or(ProcessEnd{});
  }

  std::string dir_ = testing::TempDir() + "/process-XXXXXX";
};

TEST_F(RunnerProcessTest, HasItsFolderEnvironmentLogAndEventPipe) {
  auto process = RunnerProcess::Start(Shell("echo $BONSAI_WORD; pwd; echo oops >&2; echo event >&3; exit 7"));
  ASSERT_TRUE(process.ok()) << process.status();
  ProcessEnd end = WaitForEnd(**process);
  EXPECT_FALSE(end.by_signal);
  EXPECT_EQ(end.number, 7);
  std::string log = *ReadFileBytes(dir_ + "/log", 1000);
  EXPECT_THAT(log, HasSubstr("bird\n"));
  EXPECT_THAT(log, HasSubstr("/process-"));
  EXPECT_THAT(log, HasSubstr("oops\n"));
  char buffer[100];
  ssize_t got = read((*process)->events_fd(), buffer, sizeof buffer);
  EXPECT_EQ(std::string(buffer, std::max<ssize_t>(got, 0)), "event\n");
  EXPECT_THAT(*ReadFileBytes(dir_ + "/pid", 100), HasSubstr(std::to_string((*process)->pid()) + " "));
}

TEST_F(RunnerProcessTest, InheritsNothingElse) {
  int other = dup(0);
  auto process = RunnerProcess::Start(Shell("ls /proc/self/fd | tr '\\n' ' '"));
  ASSERT_TRUE(process.ok()) << process.status();
  WaitForEnd(**process);
  close(other);
  // The fourth and fifth are the pipe's and the folder that ls itself reads.
  EXPECT_THAT(*ReadFileBytes(dir_ + "/log", 1000), testing::StartsWith("0 1 2 3 4 "));
  EXPECT_LE(ReadFileBytes(dir_ + "/log", 1000)->size(), 12u);
}

TEST_F(RunnerProcessTest, SaysWhichProgramIsMissing) {
  ProcessSpec spec = Shell("");
  spec.program = dir_ + "/bonsai-run-none";
  absl::Status status = RunnerProcess::Start(spec).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("bonsai-run-none: No such file"));
}

TEST_F(RunnerProcessTest, NothingRunsIfItsPidCannotBeWritten) {
  ProcessSpec spec = Shell("touch " + dir_ + "/ran");
  spec.pid_file = dir_ + "/no/pid";
  EXPECT_FALSE(RunnerProcess::Start(spec).ok());
  EXPECT_NE(access((dir_ + "/ran").c_str(), F_OK), 0);
}

TEST_F(RunnerProcessTest, SignalsReachIt) {
  auto process =
      RunnerProcess::Start(Shell("trap 'exit 75' TERM; echo ready >&3; while true; do sleep 0.01; done"));
  ASSERT_TRUE(process.ok());
  pollfd ready = {(*process)->events_fd(), POLLIN, 0};
  ASSERT_EQ(poll(&ready, 1, 30000), 1);
  EXPECT_FALSE((*process)->Poll().has_value());
  (*process)->Terminate();
  EXPECT_EQ(WaitForEnd(**process).number, 75);
  auto other = RunnerProcess::Start(Shell("sleep 600"));
  (*other)->KillGroup();
  ProcessEnd end = WaitForEnd(**other);
  EXPECT_TRUE(end.by_signal);
  EXPECT_EQ(end.number, 9);
}

}  // namespace
}  // namespace bonsai
