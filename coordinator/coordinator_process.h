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
  // stderr goes to `log_path`, which is replaced.
  CoordinatorProcess(const std::vector<std::string>& arguments, const std::string& log_path) {
    const char* folder = std::getenv("TEST_SRCDIR");
    const std::string binary =
        std::string(folder == nullptr ? "." : folder) + "/bonsai/coordinator/bonsai-coordinator";
    std::vector<char*> argv = {const_cast<char*>(binary.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    pid_ = fork();
    if (pid_ != 0) {
      close(log);
      return;
    }
    dup2(log, 2);
    dup2(log, 1);
    execv(binary.c_str(), argv.data());
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
