#include "client/cluster/child_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace bonsai {
namespace {

constexpr int kExecFailed = 127;

// In the child: only calls that are safe between fork and exec.
[[noreturn]] void BecomeProgram(char* const* argv, int log_fd, int null_fd, pid_t parent, int report_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before prctl took effect.
  if (getppid() != parent) _exit(kExecFailed);
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal_number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD})
    signal(signal_number, SIG_DFL);
  dup2(null_fd, STDIN_FILENO);
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  execv(argv[0], argv);
  const int code = errno;
  const ssize_t ignored = write(report_fd, &code, sizeof(code));
  static_cast<void>(ignored);
  _exit(kExecFailed);
}

// The parent of a process; 0 if it is gone.
pid_t ParentOf(const char* pid_name) {
  std::ifstream file(absl::StrCat("/proc/", pid_name, "/stat"));
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  const std::vector<std::string> fields = absl::StrSplit(line.substr(name_end + 1), ' ', absl::SkipEmpty());
  pid_t parent = 0;
  return fields.size() > 1 && absl::SimpleAtoi(fields[1], &parent) ? parent : 0;
}

std::vector<pid_t> Children() {
  std::vector<pid_t> children;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (proc == nullptr) return children;
  while (const dirent* entry = readdir(proc.get())) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry->d_name, &pid) && ParentOf(entry->d_name) == getpid()) children.push_back(pid);
  }
  return children;
}

}  // namespace

absl::StatusOr<pid_t> StartProcess(const std::vector<std::string>& arguments, const std::string& log_path) {
  const auto failed = [](absl::string_view what, int code) {
    return absl::FailedPreconditionError(absl::StrCat("cannot ", what, ": ", std::strerror(code)));
  };
  const int log_fd = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0) return failed(absl::StrCat("open ", log_path), errno);
  const int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  int report[2] = {-1, -1};  // closed by a successful exec; else it brings the error
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = null_fd >= 0 && pipe2(report, O_CLOEXEC) == 0 ? fork() : -1;
  const int fork_error = errno;
  if (pid == 0) BecomeProgram(argv.data(), log_fd, null_fd, parent, report[1]);
  close(log_fd);
  if (null_fd >= 0) close(null_fd);
  if (report[1] >= 0) close(report[1]);
  int exec_error = 0;
  const bool exec_failed = pid > 0 && read(report[0], &exec_error, sizeof(exec_error)) == sizeof(exec_error);
  if (report[0] >= 0) close(report[0]);
  if (pid < 0) return failed(absl::StrCat("start ", arguments[0]), fork_error);
  if (exec_failed) {
    waitpid(pid, nullptr, 0);
    return failed(absl::StrCat("start ", arguments[0]), exec_error);
  }
  return pid;
}

std::string DescribeEnd(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    return absl::StrCat("signal ", number, " (", strsignal(number), ")");
  }
  return absl::StrCat("exit code ", WEXITSTATUS(wait_status));
}

void KillAllChildren() {
  const absl::Time give_up = absl::Now() + absl::Seconds(5);
  while (absl::Now() < give_up) {
    const std::vector<pid_t> children = Children();
    if (children.empty()) return;
    for (pid_t pid : children) kill(pid, SIGKILL);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
}

}  // namespace bonsai
