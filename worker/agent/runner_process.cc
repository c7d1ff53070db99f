#include "worker/agent/runner_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/file_bytes.h"
#include "worker/agent/leftover.h"

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

// What the child needs after fork, where it may neither allocate nor lock.
struct ChildPlan {
  pid_t agent;
  std::vector<std::string> words;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::string work_dir;
  int null_fd, log_fd, events_fd, go_fd, error_fd;
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

// Async-signal-safe: runs in the child of a process with threads.
[[noreturn]] void RunChild(const ChildPlan& plan) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The agent may have gone before the line above.
  if (getppid() != plan.agent) _exit(127);
  // It writes the pid file before it lets us go: a runner that runs can be found.
  char go;
  if (read(plan.go_fd, &go, 1) != 1) _exit(127);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  bool ready = dup2(plan.null_fd, 0) >= 0 && dup2(plan.log_fd, 1) >= 0 && dup2(plan.log_fd, 2) >= 0 &&
               dup2(plan.events_fd, kRunnerEventsFd) >= 0 && chdir(plan.work_dir.c_str()) == 0;
  if (ready) {
    // Libraries of the agent may have opened descriptors without O_CLOEXEC.
    syscall(SYS_close_range, kRunnerEventsFd + 1, plan.error_fd - 1, 0);
    syscall(SYS_close_range, plan.error_fd + 1, ~0u, 0);
    execve(plan.argv[0], plan.argv.data(), plan.envp.data());
  }
  int error = errno;
  if (write(plan.error_fd, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

absl::Status WritePidFile(const std::string& path, pid_t pid) {
  absl::StatusOr<uint64_t> start = ProcessStartTicks(pid);
  if (!start.ok()) return start.status();
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus(errno, "open", path);
  absl::Status status = WriteAll(fd, absl::StrCat(pid, " ", *start, "\n"), path);
  close(fd);
  return status;
}

// Lets the child go, and waits until it has become the program or said why not.
absl::Status Release(const ProcessSpec& spec, pid_t pid, OwnFd& go, OwnFd& error_fd) {
  if (absl::Status status = WritePidFile(spec.pid_file, pid); !status.ok()) return status;
  if (absl::Status status = WriteAll(go.get(), "g", "the start pipe"); !status.ok()) return status;
  int error = 0;
  ssize_t got;
  do {
    got = read(error_fd.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == sizeof error ? ErrnoStatus(error, "start", spec.program) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunnerProcess>> RunnerProcess::Start(const ProcessSpec& spec) {
  absl::StatusOr<Pipe> events = MakePipe();
  absl::StatusOr<Pipe> go = MakePipe();
  absl::StatusOr<Pipe> error = MakePipe();
  for (const absl::Status& status : {events.status(), go.status(), error.status()}) {
    if (!status.ok()) return status;
  }
  OwnFd log(open(spec.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (log.get() < 0) return ErrnoStatus(errno, "open", spec.log_file);
  OwnFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null.get() < 0) return ErrnoStatus(errno, "open", "/dev/null");

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
  plan.go_fd = go->read_end.get();
  plan.error_fd = error->write_end.get();
  pid_t pid = fork();
  if (pid < 0) return ErrnoStatus(errno, "fork for", spec.program);
  if (pid == 0) RunChild(plan);
  // Also here, so that the group exists whoever comes first.
  setpgid(pid, pid);
  events->write_end.Close();
  error->write_end.Close();
  go->read_end.Close();
  absl::Status status = Release(spec, pid, go->write_end, error->read_end);
  if (!status.ok()) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return status;
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
