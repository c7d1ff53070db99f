#include "evaluator/sandbox/bubblewrap_sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "evaluator/sandbox/sandbox_testing.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A word that stands in the command line of what this test's sandboxes run, and nowhere else.
std::string Mark() {
  static int number = 0;
  return absl::StrCat("sandboxmark", getpid(), "x", ++number);
}

SandboxEnd RunIn(Sandbox& sandbox, const SandboxTask& task) {
  const absl::StatusOr<SandboxEnd> end = sandbox.Run(task);
  EXPECT_TRUE(end.ok()) << end.status();
  return end.value_or(SandboxEnd{});
}

TEST(BubblewrapSandbox, RunsAScriptOnItsInputAndGivesOutputReportAndExitCode) {
  BONSAI_FIND_SANDBOX(sandbox);
  const SandboxEnd end = RunIn(sandbox, {.script = R"(
import os, sys
print(sys.stdin.read().upper())
os.write(3, b"the report")
sys.exit(7)
)",
                                         .input = "some input",
                                         .limits = {}});
  EXPECT_EQ(end.exit_code, 7);
  EXPECT_FALSE(end.timed_out);
  EXPECT_EQ(end.output, "SOME INPUT\n");
  EXPECT_EQ(end.report, "the report");
}

TEST(BubblewrapSandbox, ShowsTheInterpreterAnEmptyFolderAndNothingElse) {
  BONSAI_FIND_SANDBOX(sandbox);
  const SandboxEnd end = RunIn(sandbox, {.script = R"(
import os
print(sorted(set(os.listdir("/")) - {"lib64"}), os.listdir("/dev"), os.listdir("/tmp"), os.getcwd())
print(os.path.exists("/proc"), os.path.exists("/etc"), os.path.exists("/sys"), os.listdir("/usr/bin")[0][:6])
print(sorted(os.environ))
)",
                                         .input = "",
                                         .limits = {}});
  EXPECT_THAT(end.output, HasSubstr("['dev', 'tmp', 'usr'] ['null'] [] /tmp\nFalse False False python\n"));
  EXPECT_THAT(end.output, HasSubstr("['HOME', 'LANG', 'PATH', 'PWD', 'PYTHONHASHSEED', 'TMPDIR']"));
}

TEST(BubblewrapSandbox, EndsWhatSleepsAtTheWallClocksLimit) {
  BONSAI_FIND_SANDBOX(sandbox);
  const std::string mark = Mark();
  SandboxTask task = {
      .script = absl::StrCat("import time\ntime.sleep(1000) # ", mark), .input = "", .limits = {}};
  task.limits.wall = absl::Seconds(3);
  const absl::Time start = absl::Now();
  EXPECT_TRUE(RunIn(sandbox, task).timed_out);
  EXPECT_GE(absl::Now() - start, absl::Seconds(3));
  EXPECT_FALSE(SomeProcessSays(mark));
}

TEST(BubblewrapSandbox, KeepsTheFirstOutputAndDropsAFlood) {
  BONSAI_FIND_SANDBOX(sandbox);
  SandboxTask task = {
      .script = "import os\nfor i in range(3000): os.write(1, b'x' * 65536)", .input = "", .limits = {}};
  task.limits.output_bytes = 1000;
  task.limits.wall = absl::Minutes(1);
  const SandboxEnd end = RunIn(sandbox, task);
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.output, std::string(1000, 'x'));
}

TEST(BubblewrapSandbox, LimitsProcessorTimeMemoryProcessesAndFiles) {
  BONSAI_FIND_SANDBOX(sandbox);
  SandboxLimits limits = {.wall = absl::Minutes(2), .cpu_seconds = 1};
  EXPECT_EQ(RunIn(sandbox, {.script = "while True: pass", .input = "", .limits = limits}).exit_code,
            128 + SIGXCPU);
  limits.cpu_seconds = 20;
  EXPECT_THAT(RunIn(sandbox, {.script = "b = bytearray(1 << 30)", .input = "", .limits = limits}).output,
              HasSubstr("MemoryError"));
  limits.processes = 6;
  const SandboxEnd forks = RunIn(sandbox, {.script = R"(
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(1000)
        made += 1
except OSError as error:
    print(made, error.errno)
)",
                                           .input = "",
                                           .limits = limits});
  // Six, less bubblewrap's own and the script's.
  EXPECT_EQ(forks.output, "4 11\n");
  limits.folder_bytes = 1 << 20;
  const SandboxEnd files = RunIn(sandbox, {.script = R"(
import errno
for i in range(4):
    try:
        with open("/tmp/%d" % i, "wb") as file:
            file.write(bytes(300000))
    except OSError as error:
        print(i, error.errno == errno.ENOSPC)
)",
                                           .input = "",
                                           .limits = limits});
  EXPECT_EQ(files.output, "3 True\n");
}

TEST(BubblewrapSandbox, LeavesNothingOfWhatItsScriptStarted) {
  BONSAI_FIND_SANDBOX(sandbox);
  const std::string mark = Mark();
  // Two daemons, one of which closes every descriptor, outlive their parent.
  const SandboxEnd end = RunIn(sandbox, {.script = absl::StrCat(R"(
import os, time
for i in range(2):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            if i == 0:
                os.closerange(0, 64)
            time.sleep(1000)
        os._exit(0)
print("gone")  # )",
                                                                mark),
                                         .input = "",
                                         .limits = {}});
  EXPECT_EQ(end.output, "gone\n");
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_FALSE(end.timed_out);
  EXPECT_FALSE(SomeProcessSays(mark));
}

TEST(BubblewrapSandbox, GivesEachRunAFolderOfItsOwn) {
  BONSAI_FIND_SANDBOX(sandbox);
  constexpr char kScript[] = "import os\nprint(os.listdir('/tmp'))\nopen('/tmp/left', 'w').close()";
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back(
        [&] { EXPECT_EQ(RunIn(sandbox, {.script = kScript, .input = "", .limits = {}}).output, "[]\n"); });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(BubblewrapSandbox, RefusesWithOneErrorWhereThereCanBeNoSandbox) {
  const auto no_bubblewrap = BubblewrapSandbox::Create({.bubblewrap = "/usr/bin/no-bwrap"});
  ASSERT_EQ(no_bubblewrap.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(no_bubblewrap.status().message(), HasSubstr("there is no /usr/bin/no-bwrap; needed are"));
  // It is there, but what it starts stands in no namespace.
  const auto no_walls = BubblewrapSandbox::Create({.bubblewrap = "/bin/true"});
  ASSERT_EQ(no_walls.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(no_walls.status().message(), HasSubstr("none is run"));
}

TEST(BubblewrapSandbox, RefusesAScriptThatIsTooLong) {
  BONSAI_FIND_SANDBOX(sandbox);
  const auto end = sandbox.Run({.script = std::string(100'001, '#'), .input = "", .limits = {}});
  EXPECT_EQ(end.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace bonsai
