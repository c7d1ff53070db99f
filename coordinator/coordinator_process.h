// For tests: bonsai-coordinator as a process of its own, to be killed.
#ifndef BONSAI_COORDINATOR_COORDINATOR_PROCESS_H_
#define BONSAI_COORDINATOR_COORDINATOR_PROCESS_H_

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace bonsai {

class CoordinatorProcess {
 public:
  // stderr goes to `log_path`, which is replaced. `environment` holds "NAME=value", on top of this process's
  // own.
  CoordinatorProcess(const std::vector<std::string>& arguments, const std::string& log_path,
                     const std::vector<std::string>& environment = {}) {
    const char* folder = std::getenv("TEST_SRCDIR");
    const std::string binary =
        std::string(folder == nullptr ? "." : folder) + "/bonsai/coordinator/bonsai-coordinator";
    std::vector<char*> argv = {const_cast<char*>(binary.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> envp;
    for (const std::string& entry : environment) envp.push_back(const_cast<char*>(entry.c_str()));
    for (char** entry = environ; *entry != nullptr; ++entry) envp.push_back(*entry);
    envp.push_back(nullptr);
    const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    pid_ = fork();
    if (pid_ != 0) {
      close(log);
      return;
    }
    dup2(log, 2);
    dup2(log, 1);
    execve(binary.c_str(), argv.data(), envp.data());
    _exit(127);
  }
  ~CoordinatorProcess() { Kill(SIGKILL); }
  CoordinatorProcess(const CoordinatorProcess&) = delete;
  CoordinatorProcess& operator=(const CoordinatorProcess&) = delete;

  // Sends the signal and waits for the end. The exit code, or minus the signal that ended it.
  int Kill(int signal) {
    if (pid_ <= 0) return 0;
    kill(pid_, signal);
    return Wait();
  }

  // Whether it has ended by itself; then Wait() says how.
  bool Ended() const {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
  }

  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_COORDINATOR_PROCESS_H_
