// A real bonsai-worker with fake runners, against a fake coordinator in this process.
#include "worker/agent/agent.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/file_bytes.h"
#include "worker/agent/fake_coordinator.h"

namespace bonsai {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int kPatienceMs = 30000;

v1::Task TaskOf(const std::string& job_id, const std::vector<std::string>& commands) {
  v1::Task task;
  task.set_job_id(job_id);
  task.set_attempt(1);
  task.set_ranks(1);
  task.mutable_spec()->set_name("data");
  task.mutable_spec()->mutable_resources()->set_cpus(3);
  v1::DataSpec::Source& source = *task.mutable_spec()->mutable_data()->add_sources();
  for (const std::string& command : commands) source.add_paths(command);
  return task;
}

// Whether the process is gone, or goes within the test's patience.
bool Ends(pid_t pid) {
  int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return errno == ESRCH;
  pollfd ended = {fd, POLLIN, 0};
  int ready = poll(&ended, 1, kPatienceMs);
  close(fd);
  return ready == 1;
}

bool Lives(pid_t pid) { return kill(pid, 0) == 0; }

// The number behind `word` in a log.
pid_t NumberAfter(const std::string& log, const std::string& word) {
  size_t at = log.find(word + " ");
  return at == std::string::npos ? -1 : atoi(log.c_str() + at + word.size() + 1);
}

class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    dir_ = std::filesystem::path(testing::TempDir() + "/agent-XXXXXX").lexically_normal().string();
    if (mkdtemp(dir_.data()) == nullptr) std::abort();
    std::filesystem::create_directories(dir_ + "/bin");
    std::filesystem::create_symlink(std::filesystem::absolute("worker/agent/fake_runner"),
                                    dir_ + "/bin/bonsai-run-data");
    std::ofstream(dir_ + "/config") << "worker_id: \"w1\" coordinator_address_file: \"" << dir_
                                    << "/address\" work_dir: \"" << dir_ << "/work\" storage_dir: \"" << dir_
                                    << "/storage\" runner_dir: \"" << dir_
                                    << "/bin\" share_dir: \"/share\" cpus: 4";
    coordinator_ = std::make_unique<FakeCoordinator>(dir_ + "/address");
    coordinator_->Start();
  }
  ~AgentTest() override {
    if (worker_ > 0) KillWorker();
    std::filesystem::remove_all(dir_);
  }

  void StartWorker(const std::string& grace_ms = "10000") {
    worker_ = fork();
    if (worker_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::string config = "--config=" + dir_ + "/config", grace = "--stop_grace_ms=" + grace_ms;
      execl("worker/agent/bonsai-worker", "bonsai-worker", config.c_str(), grace.c_str(), nullptr);
      _exit(99);
    }
  }
  void KillWorker() {
    kill(worker_, SIGKILL);
    waitpid(std::exchange(worker_, 0), nullptr, 0);
  }
  // The exit code of the worker, which leaves by itself.
  int WorkerExit() {
    EXPECT_TRUE(Ends(worker_));
    int status = 0;
    waitpid(std::exchange(worker_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // The report of a job's rank once it has exited.
  v1::RankReport WaitForExit(const std::string& job_id) {
    return WaitForRank(job_id,
                       [](const v1::RankReport& rank) { return rank.phase() == v1::RankReport::EXITED; });
  }
  v1::RankReport WaitForRank(const std::string& job_id,
                             const std::function<bool(const v1::RankReport&)>& wanted) {
    auto find = [&](const v1::SynchronizeRequest& request) {
      for (const v1::RankReport& rank : request.ranks()) {
        if (rank.job_id() == job_id && wanted(rank)) return rank;
      }
      return v1::RankReport();
    };
    return find(coordinator_->WaitFor([&](const auto& request) { return find(request).job_id() == job_id; }));
  }
  // Waits until the worker has no rank any more.
  void WaitForNoRanks() {
    coordinator_->WaitFor([](const auto& request) { return request.ranks().empty(); });
  }
  std::vector<std::string> RankFolders() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_ + "/work/ranks")) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  std::string dir_;
  std::unique_ptr<FakeCoordinator> coordinator_;
  pid_t worker_ = 0;
};

TEST_F(AgentTest, OffersWhatItHas) {
  StartWorker();
  v1::SynchronizeRequest request = coordinator_->WaitFor([](const auto&) { return true; });
  EXPECT_EQ(request.worker_id(), "w1");
  EXPECT_EQ(request.session().size(), 16u);
  EXPECT_EQ(request.offer().cpus(), 4u);
  EXPECT_GT(request.offer().memory_bytes(), 0u);
  ASSERT_EQ(request.offer().kinds_size(), 1);
  EXPECT_EQ(request.offer().kinds(0), "data");
}

TEST_F(AgentTest, RunsARankToItsEndAndForgetsIt) {
  coordinator_->Desire({TaskOf(
      "p1/data", {"print:hello", "progress:3", "sample:4", "checkpoint:5", "artifact", "print:bye"})});
  StartWorker();
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::DONE) << report.message();
  EXPECT_EQ(report.output_id(), std::string(64, 'a'));
  EXPECT_EQ(report.progress().step(), 3u);
  EXPECT_EQ(report.sample().step(), 4u);
  EXPECT_EQ(report.checkpoint().step(), 5u);
  // All that it wrote came before the report of its end.
  EXPECT_EQ(coordinator_->Log("p1/data"), "hello\nbye\n");
  EXPECT_EQ(coordinator_->Log("p1/data", v1::AppendLogRequest::SAMPLES),
            "{\"step\":\"4\",\"metrics\":[{\"name\":\"loss\",\"value\":2.5}]}\n");
  EXPECT_EQ(RankFolders().size(), 1u);
  coordinator_->Desire({});
  WaitForNoRanks();
  // The folder goes before the worker has served the next rank.
  coordinator_->Desire({TaskOf("p1/next", {"exit:0"})});
  WaitForExit("p1/next");
  EXPECT_THAT(RankFolders(), testing::ElementsAre("p1.next-1-0"));
}

TEST_F(AgentTest, FillsInWhatTheRunnerNeedsToKnow) {
  coordinator_->Desire({TaskOf("p1/data", {"task", "env:OMP_NUM_THREADS", "env:OPENBLAS_NUM_THREADS",
                                           "env:OMP_WAIT_POLICY", "env:GOMP_SPINCOUNT", "exit:1"})});
  StartWorker();
  WaitForExit("p1/data");
  std::string log = coordinator_->Log("p1/data");
  EXPECT_THAT(log, HasSubstr("storage_dir: \"" + dir_ + "/storage\""));
  EXPECT_THAT(log, HasSubstr("work_dir: \"" + dir_ + "/work/ranks/p1.data-1-0/work\""));
  EXPECT_THAT(log, HasSubstr("rendezvous_dir: \"" + dir_ + "/storage/rendezvous/p1.data-1\""));
  EXPECT_THAT(log, HasSubstr("share_dir: \"/share\""));
  EXPECT_THAT(log, HasSubstr("events_fd: 3"));
  EXPECT_THAT(
      log, HasSubstr("OMP_NUM_THREADS=3\nOPENBLAS_NUM_THREADS=3\nOMP_WAIT_POLICY=passive\nGOMP_SPINCOUNT=0"));
  EXPECT_TRUE(std::filesystem::is_directory(dir_ + "/storage/rendezvous/p1.data-1"));
}

TEST_F(AgentTest, ExitsOfRunnersAreToldApart) {
  coordinator_->Desire({TaskOf("p1/code", {"exit:3"}),
                        TaskOf("p1/bad", {"failure:shard 3 is cut", "exit:65"}),
                        TaskOf("p1/left", {"exit:75"}), TaskOf("p1/killed", {"raise:9"}),
                        TaskOf("p1/garbage", {"garbage", "hang"}), TaskOf("p1/empty", {"exit:0"})});
  StartWorker();
  auto expect = [&](const std::string& job_id, v1::RankReport::Exit exit, const std::string& message) {
    v1::RankReport report = WaitForExit(job_id);
    EXPECT_EQ(report.exit(), exit) << job_id;
    EXPECT_THAT(report.message(), HasSubstr(message)) << job_id;
  };
  expect("p1/code", v1::RankReport::FAILED, "exit code 3");
  expect("p1/bad", v1::RankReport::BAD_INPUT, "shard 3 is cut");
  expect("p1/left", v1::RankReport::PREEMPTED, "");
  expect("p1/killed", v1::RankReport::FAILED, "killed by signal 9");
  expect("p1/garbage", v1::RankReport::FAILED, "event stream is broken");
  expect("p1/empty", v1::RankReport::FAILED, "no output");
}

TEST_F(AgentTest, ARankThatCannotStartHasFailed) {
  v1::Task no_runner = TaskOf("p1/pack", {});
  no_runner.mutable_spec()->mutable_pack();
  coordinator_->Desire({no_runner, TaskOf("../escape", {"exit:0"})});
  StartWorker();
  v1::RankReport report = WaitForExit("p1/pack");
  EXPECT_EQ(report.exit(), v1::RankReport::FAILED);
  EXPECT_THAT(report.message(), HasSubstr("bonsai-run-pack: No such file"));
  report = WaitForExit("../escape");
  EXPECT_EQ(report.exit(), v1::RankReport::BAD_INPUT);
  EXPECT_THAT(report.message(), HasSubstr("job id \"../escape\""));
}

TEST_F(AgentTest, ARankThatIsNoLongerDesiredLeavesWithACheckpoint) {
  coordinator_->Desire({TaskOf("p1/data", {"wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  coordinator_->Desire({});
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::PREEMPTED);
  EXPECT_EQ(report.checkpoint().step(), 9u);
}

TEST_F(AgentTest, ARankThatIgnoresSigtermIsKilledWithAllThatItStarted) {
  coordinator_->Desire({TaskOf("p1/data", {"fork", "hang"})});
  StartWorker("50");
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  pid_t grandchild = NumberAfter(coordinator_->WaitForLog("p1/data", "grandchild"), "grandchild");
  ASSERT_TRUE(Lives(grandchild));
  coordinator_->Desire({});
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::FAILED);
  EXPECT_THAT(report.message(), HasSubstr("killed by signal 9, 50ms after SIGTERM"));
  EXPECT_TRUE(Ends(grandchild));
}

TEST_F(AgentTest, WhatARunnerLeavesRunningEndsWithIt) {
  coordinator_->Desire({TaskOf("p1/data", {"fork", "artifact", "exit:0"})});
  StartWorker();
  EXPECT_EQ(WaitForExit("p1/data").exit(), v1::RankReport::DONE);
  EXPECT_TRUE(Ends(NumberAfter(coordinator_->Log("p1/data"), "grandchild")));
}

TEST_F(AgentTest, RunnersDieWithTheirAgentAndTheNextOneCleansUp) {
  coordinator_->Desire({TaskOf("p1/data", {"pid", "fork", "hang"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  std::string log = coordinator_->WaitForLog("p1/data", "grandchild");
  std::string session = coordinator_->WaitFor([](const auto&) { return true; }).session();
  coordinator_->Desire({});
  KillWorker();
  EXPECT_TRUE(Ends(NumberAfter(log, "pid")));
  pid_t grandchild = NumberAfter(log, "grandchild");
  EXPECT_TRUE(Lives(grandchild)) << "else there is nothing for the next agent to do";
  EXPECT_EQ(RankFolders().size(), 1u);
  StartWorker();
  auto request = coordinator_->WaitFor([&](const auto& request) { return request.session() != session; });
  EXPECT_THAT(request.ranks(), IsEmpty());
  EXPECT_TRUE(Ends(grandchild));
  EXPECT_THAT(RankFolders(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/storage/rendezvous/p1.data-1"));
}

TEST_F(AgentTest, RanksGoOnWhileTheCoordinatorIsAwayAndLogsGoOnWhereTheyStopped) {
  coordinator_->Desire({TaskOf("p1/data", {"print:before", "wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  coordinator_->WaitForLog("p1/data", "before\n");
  coordinator_->Stop();
  // The log grows while nobody takes it.
  std::ofstream(dir_ + "/work/ranks/p1.data-1-0/log", std::ios::app) << "meanwhile\n";
  coordinator_->Start();
  coordinator_->WaitForLog("p1/data", "meanwhile\n");
  EXPECT_EQ(coordinator_->Log("p1/data"), "before\nmeanwhile\n");
  coordinator_->Desire({});
  EXPECT_EQ(WaitForExit("p1/data").exit(), v1::RankReport::PREEMPTED);
}

TEST_F(AgentTest, AnEndDuringAnOutageIsReportedAfterItWithTheWholeLog) {
  coordinator_->Desire({TaskOf("p1/data", {"print:before", "wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  pid_t pid = 0;
  std::string pid_text = *ReadFileBytes(dir_ + "/work/ranks/p1.data-1-0/pid", 100);
  ASSERT_TRUE(absl::SimpleAtoi(std::vector<std::string>(absl::StrSplit(pid_text, ' '))[0], &pid));
  coordinator_->Stop();
  kill(pid, SIGTERM);
  EXPECT_TRUE(Ends(pid));
  std::ofstream(dir_ + "/work/ranks/p1.data-1-0/log", std::ios::app) << std::string(3 << 20, 'y');
  coordinator_->Start();
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::PREEMPTED);
  EXPECT_EQ(report.checkpoint().step(), 9u);
  EXPECT_EQ(coordinator_->Log("p1/data"), "before\n" + std::string(3 << 20, 'y'));
}

TEST_F(AgentTest, SigtermMakesItLeaveWithCheckpoints) {
  coordinator_->Desire({TaskOf("p1/data", {"wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  kill(worker_, SIGTERM);
  v1::RankReport report = WaitForExit("p1/data");
  EXPECT_EQ(report.exit(), v1::RankReport::PREEMPTED);
  EXPECT_EQ(report.checkpoint().step(), 9u);
  EXPECT_EQ(WorkerExit(), 0);
  EXPECT_TRUE(coordinator_->WaitFor([](const auto&) { return true; }).leaving());
  EXPECT_THAT(RankFolders(), IsEmpty());
}

TEST_F(AgentTest, LeavesAlsoWhenTheCoordinatorIsAway) {
  coordinator_->Desire({TaskOf("p1/data", {"wait"})});
  StartWorker();
  WaitForRank("p1/data", [](const auto& rank) { return rank.progress().step() == 1; });
  coordinator_->Stop();
  kill(worker_, SIGTERM);
  EXPECT_EQ(WorkerExit(), 0);
}

TEST_F(AgentTest, ASecondWorkerCannotTakeTheSameFolder) {
  StartWorker();
  coordinator_->WaitFor([](const auto&) { return true; });
  pid_t first = std::exchange(worker_, 0);
  StartWorker();
  EXPECT_EQ(WorkerExit(), 1);
  worker_ = first;
}

TEST_F(AgentTest, ABadConfigurationIsExit65) {
  std::ofstream(dir_ + "/config") << "worker_id: \"w1\" cpu: 4";
  StartWorker();
  EXPECT_EQ(WorkerExit(), 65);
}

TEST_F(AgentTest, ServesItsMetrics) {
  coordinator_->Desire({TaskOf("p1/data", {"print:hello", "artifact", "exit:0"})});
  StartWorker();
  WaitForExit("p1/data");
  std::string address = *ReadFileBytes(dir_ + "/work/metrics_address", 100);
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(std::vector<std::string>(absl::StrSplit(address, ':'))[1], &port)) << address;
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  ASSERT_TRUE(WriteAll(fd, "GET /metrics HTTP/1.0\r\n\r\n", "socket").ok());
  std::string page;
  char buffer[4096];
  for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) page.append(buffer, got);
  close(fd);
  EXPECT_THAT(page, HasSubstr("bonsai_worker_ranks{phase=\"exited\"} 1"));
  EXPECT_THAT(page, HasSubstr("bonsai_worker_runner_exits_total{kind=\"data\",outcome=\"done\"} 1"));
  EXPECT_THAT(page, HasSubstr("bonsai_worker_log_bytes_forwarded_total 6"));
  EXPECT_THAT(page, HasSubstr("bonsai_worker_synchronize_seconds_count"));
  EXPECT_THAT(page, HasSubstr("bonsai_worker_info{worker_id=\"w1\"} 1"));
}

}  // namespace
}  // namespace bonsai
