// `bonsai up` as a user runs it: the real program, with stand-ins for the daemons beside it.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Polls; a test fails if it does not come true within a time that only a broken program needs.
bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// {pid: parent} of all living processes.
std::map<pid_t, pid_t> Processes() {
  std::map<pid_t, pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = Read(entry.path().string() + "/stat");
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) continue;
    const std::vector<std::string> fields = absl::StrSplit(stat.substr(name_end + 1), ' ', absl::SkipEmpty());
    if (fields[0] == "Z" || fields[0] == "X") continue;
    found[std::atoi(stat.c_str())] = std::atoi(fields[1].c_str());
  }
  return found;
}

std::vector<pid_t> Below(pid_t root) {
  const std::map<pid_t, pid_t> processes = Processes();
  std::vector<pid_t> found;
  for (const auto& [pid, parent] : processes) {
    for (pid_t up = parent; up > 1 && processes.count(up) > 0; up = processes.at(up)) {
      if (up != root) continue;
      found.push_back(pid);
      break;
    }
  }
  return found;
}

bool AllGone(const std::vector<pid_t>& pids) {
  const std::map<pid_t, pid_t> processes = Processes();
  for (pid_t pid : pids) {
    if (processes.count(pid) > 0) return false;
  }
  return true;
}

class LocalClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = fs::path(testing::TempDir() + "/up_" + name).lexically_normal().string();
    fs::remove_all(folder_);
    fs::create_directories(folder_ + "/bin");
    fs::copy_file("client/bonsai", folder_ + "/bin/bonsai");
    fs::copy_file("client/testing/fake_coordinator_main", folder_ + "/bin/bonsai-coordinator");
    Script("bonsai-worker", Serve() + "echo \"worker: $1\"; exec sleep 1000");
  }

  void TearDown() override {
    for (const auto& [pid, waited] : started_) {
      if (!waited) kill(pid, SIGKILL);
      if (!waited) waitpid(pid, nullptr, 0);
    }
    fs::remove_all(folder_);
  }

  // What a stand-in for a worker starts with, in bash: it says where its metrics are.
  static std::string Serve() {
    return "dir=$(sed -n 's/^work_dir: \"\\(.*\\)\"/\\1/p' \"${1#--config=}\"); mkdir -p $dir; "
           "echo 127.0.0.1:9 > $dir/metrics_address; ";
  }

  void Script(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/bin/" + name;
    fs::remove(path);
    std::ofstream(path) << "#!/bin/bash\n" << text << "\n";
    fs::permissions(path, fs::perms(0755));
  }

  // Starts bonsai with its output in a file.
  pid_t Start(const std::vector<std::string>& arguments) {
    const std::string program = folder_ + "/bin/bonsai";
    std::vector<std::string> words = {program, "--dir", Dir()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string output = OutputPath();
    const pid_t pid = fork();
    if (pid == 0) {
      const int fd = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      dup2(fd, STDOUT_FILENO);
      dup2(fd, STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    started_[pid] = false;
    return pid;
  }

  int Wait(pid_t pid) {
    int wait_status = 0;
    waitpid(pid, &wait_status, 0);
    started_[pid] = true;
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -WTERMSIG(wait_status);
  }

  pid_t StartReady(const std::vector<std::string>& arguments = {}) {
    std::vector<std::string> words = {"up"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const pid_t up = Start(words);
    EXPECT_TRUE(Eventually([this] { return absl::StrContains(Output(), "next     bonsai submit"); }))
        << Output();
    return up;
  }

  std::string Dir() const { return folder_ + "/cluster"; }
  std::string OutputPath() const { return folder_ + "/output"; }
  std::string Output() const { return Read(OutputPath()); }
  std::string Address() const { return Read(Dir() + "/address"); }

  std::string folder_;
  std::map<pid_t, bool> started_;  // whether it was waited for
};

TEST_F(LocalClusterTest, ServesUntilItIsAskedToStopAndLeavesNothing) {
  const pid_t up = StartReady({"--workers", "2"});
  EXPECT_TRUE(Eventually([up] { return Below(up).size() == 3; }));
  const std::vector<pid_t> processes = Below(up);
  EXPECT_EQ(Wait(Start({"jobs"})), 0) << Output();
  EXPECT_THAT(Output(), HasSubstr("worker-2 http://127.0.0.1:9/metrics"));
  EXPECT_THAT(Output(), HasSubstr("p1/a"));
  EXPECT_TRUE(Eventually([this] {
    return Read(Dir() + "/log/worker-2.log") ==
           absl::StrCat("worker: --config=", Dir(), "/config/worker-2.textproto\n");
  }));
  EXPECT_THAT(Read(Dir() + "/config/worker-1.textproto"), HasSubstr("runner_dir: \"" + folder_ + "/bin\""));
  kill(up, SIGTERM);
  EXPECT_EQ(Wait(up), 0);
  EXPECT_TRUE(AllGone(processes));
  EXPECT_THAT(Address(), IsEmpty());
  EXPECT_EQ(Wait(Start({"jobs"})), 4) << "nobody answers any more";
}

TEST_F(LocalClusterTest, StartsACrashedPartAgain) {
  const pid_t up = StartReady();
  const std::string address = Address();
  EXPECT_TRUE(Eventually([up] { return Below(up).size() == 2; }));
  for (pid_t pid : Below(up)) kill(pid, SIGKILL);
  EXPECT_TRUE(Eventually([&] { return !Address().empty() && Address() != address; })) << Output();
  EXPECT_EQ(Wait(Start({"jobs"})), 0) << Output();
  EXPECT_TRUE(Eventually([up] { return Below(up).size() == 2; }));
  EXPECT_THAT(Output(), HasSubstr("coordinator ended (signal 9 (Killed)); starting it again in 0.1s"));
  EXPECT_THAT(Output(), HasSubstr("worker-1 ended (signal 9 (Killed))"));
  kill(up, SIGINT);
  EXPECT_EQ(Wait(up), 0);
}

TEST_F(LocalClusterTest, RefusesAFolderThatIsInUse) {
  const pid_t up = StartReady();
  EXPECT_EQ(Wait(Start({"up"})), 1);
  EXPECT_THAT(Output(), HasSubstr(absl::StrCat("already (`bonsai up`, process ", up, ")")));
  EXPECT_EQ(Wait(Start({"jobs"})), 0) << "the first one is not harmed";
  kill(up, SIGTERM);
  EXPECT_EQ(Wait(up), 0);
}

TEST_F(LocalClusterTest, LeavesNothingAlsoWhenItIsKilled) {
  const pid_t up = StartReady({"--workers", "2"});
  EXPECT_TRUE(Eventually([up] { return Below(up).size() == 3; }));
  const std::vector<pid_t> processes = Below(up);
  kill(up, SIGKILL);
  EXPECT_EQ(Wait(up), -SIGKILL);
  EXPECT_TRUE(Eventually([&] { return AllGone(processes); }));
  // And the folder can be used again.
  fs::remove(OutputPath());
  const pid_t again = StartReady();
  kill(again, SIGTERM);
  EXPECT_EQ(Wait(again), 0);
}

TEST_F(LocalClusterTest, EndsWhatItsPartsLeftBehind) {
  Script("bonsai-worker", Serve() + "setsid sleep 1000 & echo left $!; exec sleep 1000");
  const pid_t up = StartReady();
  EXPECT_TRUE(Eventually([up] { return Below(up).size() == 3; }));
  const std::vector<pid_t> processes = Below(up);
  kill(up, SIGTERM);
  EXPECT_EQ(Wait(up), 0);
  EXPECT_TRUE(AllGone(processes));
}

TEST_F(LocalClusterTest, ASecondCtrlCKillsWhatDoesNotEnd) {
  Script("bonsai-worker", Serve() + "trap '' TERM; echo deaf; while true; do sleep 1000; done");
  const pid_t up = StartReady();
  EXPECT_TRUE(Eventually([this] { return Read(Dir() + "/log/worker-1.log") == "deaf\n"; }));
  const std::vector<pid_t> processes = Below(up);
  kill(up, SIGINT);
  EXPECT_TRUE(Eventually([this] { return absl::StrContains(Output(), "stopping"); }));
  kill(up, SIGINT);
  EXPECT_EQ(Wait(up), 0);
  EXPECT_THAT(Output(), HasSubstr("worker-1 did not end when asked; killing it"));
  EXPECT_TRUE(AllGone(processes));
}

TEST_F(LocalClusterTest, SaysWhichProgramIsMissing) {
  fs::remove(folder_ + "/bin/bonsai-coordinator");
  EXPECT_EQ(Wait(Start({"up"})), 1);
  EXPECT_THAT(Output(),
              HasSubstr("there is no program bonsai-coordinator beside this one in " + folder_ + "/bin"));
  EXPECT_FALSE(fs::exists(Dir()));
}

TEST_F(LocalClusterTest, GivesUpOnACoordinatorThatNeverComesUpAndShowsItsLog) {
  Script("bonsai-coordinator", "echo 'records are damaged' >&2; exit 69");
  EXPECT_EQ(Wait(Start({"up"})), 1);
  EXPECT_THAT(Output(), HasSubstr("coordinator ended (exit code 69)"));
  EXPECT_THAT(Output(), HasSubstr("the coordinator does not come up"));
  EXPECT_THAT(Output(), HasSubstr("  records are damaged\n"));
}

TEST_F(LocalClusterTest, PrintsItsConfigurationAsJson) {
  const pid_t up = Start({"up", "--json"});
  EXPECT_TRUE(Eventually([this] { return absl::StrContains(Output(), "\"stateDir\""); })) << Output();
  EXPECT_THAT(Output(), HasSubstr("\"listenAddress\":\"127.0.0.1:"));
  kill(up, SIGTERM);
  EXPECT_EQ(Wait(up), 0);
}

}  // namespace
}  // namespace bonsai
