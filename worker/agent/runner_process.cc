#include "worker/agent/runner_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/string_view.h"
#include "storage/file_bytes.h"

extern char** environ;

namespace bonsai {
namespace {

// Above the descriptors that a child gets, so that moving them there overwrites none of them.
constexpr int kFirstOwnFd = 16;

// A descriptor that is closed on exec and at the end of its scope.
class OwnFd {
 public:
  OwnFd() = default;
  explicit OwnFd(int fd) : fd_(fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, kFirstOwnFd)) {
    if (fd >= 0) close(fd);
  }
  ~OwnFd() { Close(); }
  OwnFd(OwnFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnFd& operator=(OwnFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  OwnFd read_end;
  OwnFd write_end;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "make", "a pipe");
  Pipe made{OwnFd(ends[0]), OwnFd(ends[1])};
  if (made.read_end.get() < 0 || made.write_end.get() < 0) return ErrnoStatus(EMFILE, "make", "a pipe");
  return made;
}

// What the child needs before it becomes the program. The two share their memory until then, and only the
// child runs.
struct ChildPlan {
  pid_t agent;
  std::vector<std::string> words;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::string work_dir;
  int null_fd, log_fd, events_fd, pid_fd;
  // Set by the child if it could not become the program: why, and what it was about to do.
  int error = 0;
  const char* failed = "";
};

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// This process's environment with the spec's names replaced.
std::vector<std::string> Environment(const ProcessSpec& spec) {
  std::vector<std::string> all = spec.environment;
  auto name_of = [](absl::string_view entry) { return entry.substr(0, entry.find('=')); };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool replaced = std::any_of(spec.environment.begin(), spec.environment.end(),
                                [&](const std::string& own) { return name_of(own) == name_of(*entry); });
    if (!replaced) all.emplace_back(*entry);
  }
  return all;
}

// Writes "<pid> <start ticks>\n" for the calling process. Async-signal-safe. False leaves errno.
bool WriteOwnPid(int pid_fd) {
  char stat[1024];
  const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t got = read(fd, stat, sizeof stat - 1);
  close(fd);
  if (got <= 0) return false;
  stat[got] = '\0';
  // Field 22 of proc(5) is the 20th word behind the name, which is in parentheses and may hold anything.
  const char* word = strrchr(stat, ')');
  for (int i = 0; i < 20 && word != nullptr; ++i) word = strchr(word + 1, ' ');
  errno = EINVAL;
  if (word == nullptr) return false;
  const size_t digits = strspn(word + 1, "0123456789");
  char line[64];
  size_t used = 0;
  for (pid_t pid = getpid(); pid > 0; pid /= 10) line[used++] = static_cast<char>('0' + pid % 10);
  std::reverse(line, line + used);
  if (digits == 0 || used + digits + 2 > sizeof line) return false;
  line[used++] = ' ';
  memcpy(line + used, word + 1, digits);
  used += digits;
  line[used++] = '\n';
  return write(pid_fd, line, used) == static_cast<ssize_t>(used);
}

// Runs in the child, which shares the memory of a process with threads: async-signal-safe.
[[noreturn]] void BecomeProgram(ChildPlan& plan) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The agent may have gone before the line above.
  if (getppid() != plan.agent) _exit(127);
  // Before it runs: a runner that runs can be found.
  plan.failed = "note the process id of";
  bool ready = WriteOwnPid(plan.pid_fd);
  if (ready) {
    plan.failed = "start";
    signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ready = dup2(plan.null_fd, 0) >= 0 && dup2(plan.log_fd, 1) >= 0 && dup2(plan.log_fd, 2) >= 0 &&
            dup2(plan.events_fd, kRunnerEventsFd) >= 0 && chdir(plan.work_dir.c_str()) == 0;
  }
  if (ready) {
    // Libraries of the agent may have opened descriptors without O_CLOEXEC.
    syscall(SYS_close_range, kRunnerEventsFd + 1, ~0u, 0);
    execve(plan.argv[0], plan.argv.data(), plan.envp.data());
  }
  plan.error = errno;
  _exit(127);
}

// vfork: an agent's many mappings need not be copied for a child that leaves them at once. Returns when the
// child has become the program, or has ended.
__attribute__((noinline)) pid_t StartChild(ChildPlan& plan) {
  const pid_t pid = vfork();
  if (pid == 0) BecomeProgram(plan);
  return pid;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunnerProcess>> RunnerProcess::Start(const ProcessSpec& spec) {
  absl::StatusOr<Pipe> events = MakePipe();
  if (!events.ok()) return events.status();
  OwnFd log(open(spec.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (log.get() < 0) return ErrnoStatus(errno, "open", spec.log_file);
  OwnFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null.get() < 0) return ErrnoStatus(errno, "open", "/dev/null");
  OwnFd pid_file(open(spec.pid_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (pid_file.get() < 0) return ErrnoStatus(errno, "open", spec.pid_file);

  ChildPlan plan;
  plan.agent = getpid();
  plan.words = spec.arguments;
  plan.words.insert(plan.words.begin(), spec.program);
  plan.argv = Pointers(plan.words);
  std::vector<std::string> environment = Environment(spec);
  plan.envp = Pointers(environment);
  plan.work_dir = spec.work_dir;
  plan.null_fd = null.get();
  plan.log_fd = log.get();
  plan.events_fd = events->write_end.get();
  plan.pid_fd = pid_file.get();
  const pid_t pid = StartChild(plan);
  if (pid < 0) return ErrnoStatus(errno, "fork for", spec.program);
  if (plan.error != 0) {
    waitpid(pid, nullptr, 0);
    return ErrnoStatus(plan.error, plan.failed, spec.program);
  }
  fcntl(events->read_end.get(), F_SETFL, O_NONBLOCK);
  return std::unique_ptr<RunnerProcess>(new RunnerProcess(pid, events->read_end.Release()));
}

RunnerProcess::~RunnerProcess() {
  if (!reaped_) {
    KillGroup();
    waitpid(pid_, nullptr, 0);
  }
  close(events_fd_);
}

void RunnerProcess::Terminate() {
  if (!reaped_) kill(pid_, SIGTERM);
}

void RunnerProcess::KillGroup() {
  if (!reaped_) kill(-pid_, SIGKILL);
}

std::optional<ProcessEnd> RunnerProcess::Poll() {
  siginfo_t info = {};
  // Not reaped yet, so that the group's number is still its own.
  if (reaped_ || waitid(P_PID, pid_, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_) {
    return std::nullopt;
  }
  KillGroup();
  int status = 0;
  waitpid(pid_, &status, 0);
  reaped_ = true;
  if (WIFSIGNALED(status)) return ProcessEnd{true, WTERMSIG(status)};
  return ProcessEnd{false, WEXITSTATUS(status)};
}

}  // namespace bonsai
