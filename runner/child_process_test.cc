#include "runner/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/file_bytes.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

ChildOptions Shell(const std::string& command, const std::string& name) {
  ChildOptions options;
  options.argv = {"/bin/sh", "-c", command};
  options.stdout_path = testing::TempDir() + "/" + name + ".out";
  options.stderr_path = testing::TempDir() + "/" + name + ".err";
  options.environment = {"PATH=/usr/bin:/bin", "COLOUR=green"};
  return options;
}

std::string Contents(const std::string& path) { return ReadFileBytes(path, 1 << 20).value(); }

TEST(ChildProcess, GivesItsOutputAndExitCode) {
  ChildOptions options = Shell("echo out $COLOUR; echo err >&2; pwd; exit 7", "plain");
  options.work_dir = "/";
  auto exit = RunChild(options);
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->exit_code, 7);
  EXPECT_FALSE(exit->timed_out);
  EXPECT_EQ(Contents(options.stdout_path), "out green\n/\n");
  EXPECT_EQ(Contents(options.stderr_path), "err\n");
}

TEST(ChildProcess, TellsSignalsFromExitCodes) {
  EXPECT_EQ(RunChild(Shell("kill -9 $$", "signal"))->exit_code, 137);
}

TEST(ChildProcess, FindsProgramsInThePathAndNamesThoseItDoesNotFind) {
  ChildOptions options = Shell("", "path");
  options.argv = {"true"};
  EXPECT_EQ(RunChild(options)->exit_code, 0);
  options.argv = {"/no/such/program"};
  EXPECT_EQ(RunChild(options).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(RunChild(options).status().message()), HasSubstr("/no/such/program"));
  options.argv = {};
  EXPECT_EQ(RunChild(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ChildProcess, KillsItAndItsChildrenWhenTimeIsUp) {
  ChildOptions options = Shell("sleep 1000 & echo $!; wait", "timeout");
  options.timeout = absl::Milliseconds(200);
  auto exit = RunChild(options);
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_TRUE(exit->timed_out);
  EXPECT_EQ(exit->exit_code, 137);
  EXPECT_LT(exit->wall, absl::Seconds(60));
}

TEST(ChildProcess, StopsWhenAsked) {
  ChildOptions options = Shell("sleep 1000", "stop");
  options.stop = [] { return true; };
  EXPECT_EQ(RunChild(options).status().code(), absl::StatusCode::kCancelled);
}

TEST(ChildProcess, WithoutNetworkThereIsNotEvenLoopback) {
  ChildOptions options = Shell("cat /proc/net/dev /proc/net/route", "network");
  options.without_network = true;
  auto exit = RunChild(options);
  if (exit.status().code() == absl::StatusCode::kFailedPrecondition) {
    EXPECT_THAT(std::string(exit.status().message()), HasSubstr("without network"));
    GTEST_SKIP() << "skipped: no network namespaces here (" << exit.status().message() << ")";
  }
  ASSERT_TRUE(exit.ok()) << exit.status();
  // /proc/net follows the reader's namespace: lo alone, and no route.
  const std::string seen = Contents(options.stdout_path);
  EXPECT_THAT(seen, HasSubstr("lo:"));
  EXPECT_THAT(seen, testing::Not(HasSubstr("eth")));
}

TEST(ChildProcess, AFullDiskIsTheChildsOwnMatter) {
  ChildOptions options = Shell("echo text", "full");
  options.stdout_path = "/dev/full";
  EXPECT_NE(RunChild(options)->exit_code, 0);
  options.stdout_path = "/no/such/folder/out";
  EXPECT_EQ(RunChild(options).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace bonsai
