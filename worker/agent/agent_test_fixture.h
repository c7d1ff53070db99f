// What the agent's tests share: a real bonsai-worker with fake runners, against a fake coordinator in this
// process.
//
// Included by tests only.
#ifndef BONSAI_WORKER_AGENT_AGENT_TEST_FIXTURE_H_
#define BONSAI_WORKER_AGENT_AGENT_TEST_FIXTURE_H_

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/agent/fake_coordinator.h"

namespace bonsai {

inline constexpr int kPatienceMs = 30000;

inline v1::Task TaskOf(const std::string& job_id, const std::vector<std::string>& commands) {
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
inline bool Ends(pid_t pid) {
  int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return errno == ESRCH;
  pollfd ended = {fd, POLLIN, 0};
  int ready = poll(&ended, 1, kPatienceMs);
  close(fd);
  return ready == 1;
}

inline bool Lives(pid_t pid) { return kill(pid, 0) == 0; }

// The number behind `word` in a log.
inline pid_t NumberAfter(const std::string& log, const std::string& word) {
  size_t at = log.find(word + " ");
  return at == std::string::npos ? -1 : atoi(log.c_str() + at + word.size() + 1);
}

// A worker process in a folder of its own, and the coordinator that it finds.
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

  // The worker's storage folder is to be its own.
  void Stream() { std::ofstream(dir_ + "/config", std::ios::app) << " streams_storage: true"; }

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

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_AGENT_TEST_FIXTURE_H_
