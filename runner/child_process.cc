#include "runner/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr int kPollMilliseconds = 100;

// What the child could not do before it became the program.
struct StartFailure {
  enum Step : int { kParent, kNetwork, kFolder, kOutput, kProgram };
  int step;
  int error;
};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

bool LeaveNetwork() {
  if (unshare(CLONE_NEWNET) == 0) return true;
  return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

bool Redirect(const std::string& path, int to) {
  const int fd = open(path.empty() ? "/dev/null" : path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return false;
  const bool moved = dup2(fd, to) >= 0;
  if (fd != to) close(fd);
  return moved;
}

// Runs in the child: only what is safe after fork in a process with threads. Does not return.
[[noreturn]] void BecomeProgram(const ChildOptions& options, char* const* argv, char* const* environment,
                                pid_t parent, int failure_fd) {
  const auto fail = [failure_fd](StartFailure::Step step) {
    const StartFailure failure = {step, errno};
    [[maybe_unused]] const ssize_t written = write(failure_fd, &failure, sizeof(failure));
    _exit(127);
  };
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) fail(StartFailure::kParent);
  signal(SIGTERM, SIG_DFL);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.without_network && !LeaveNetwork()) fail(StartFailure::kNetwork);
  if (!options.work_dir.empty() && chdir(options.work_dir.c_str()) != 0) fail(StartFailure::kFolder);
  const int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || !Redirect(options.stdout_path, STDOUT_FILENO) ||
      !Redirect(options.stderr_path, STDERR_FILENO)) {
    fail(StartFailure::kOutput);
  }
  setpgid(0, 0);  // what it starts is killed with it
  execvpe(argv[0], argv, environment);
  fail(StartFailure::kProgram);
  _exit(127);
}

absl::Status DescribeFailure(const ChildOptions& options, const StartFailure& failure) {
  switch (failure.step) {
    case StartFailure::kNetwork:
      return absl::FailedPreconditionError(absl::StrCat(
          "cannot run ", options.argv[0],
          " without network: the kernel allows neither unshare(CLONE_NEWNET) nor a user namespace (error ",
          failure.error,
          "); run as root, or allow unprivileged user namespaces (kernel.unprivileged_userns_clone=1)"));
    case StartFailure::kFolder:
      return ErrnoStatus(failure.error, "enter", options.work_dir);
    case StartFailure::kOutput:
      return ErrnoStatus(failure.error, "write the output of a program to", options.stdout_path);
    case StartFailure::kProgram:
      return ErrnoStatus(failure.error, "run", options.argv[0]);
    default:
      return absl::CancelledError("the runner ended");
  }
}

// Waits for the child; kills it when its time is up or it is to stop.
absl::StatusOr<ChildExit> Wait(const ChildOptions& options, pid_t pid) {
  const absl::Time start = absl::Now();
  Descriptor pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  bool timed_out = false;
  bool stopped = false;
  while (!timed_out && !stopped) {
    pollfd ended = {pidfd.get(), POLLIN, 0};
    if (poll(&ended, 1, kPollMilliseconds) > 0) break;
    timed_out = absl::Now() - start > options.timeout;
    stopped = options.stop && options.stop();
  }
  if (timed_out || stopped) {
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
  }
  int wait_status = 0;
  while (waitpid(pid, &wait_status, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "wait for", options.argv[0]);
  }
  if (stopped) return absl::CancelledError("asked to stop");
  ChildExit exit;
  exit.exit_code = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
  exit.timed_out = timed_out;
  exit.wall = absl::Now() - start;
  return exit;
}

}  // namespace

absl::StatusOr<ChildExit> RunChild(const ChildOptions& options) {
  if (options.argv.empty()) return absl::InvalidArgumentError("no program to run");
  // Prepared before fork: a child of a process with threads must not allocate.
  const std::vector<char*> argv = Pointers(options.argv);
  const std::vector<char*> environment = Pointers(options.environment);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "make a pipe for", options.argv[0]);
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return ErrnoStatus(errno, "start", options.argv[0]);
  if (pid == 0) BecomeProgram(options, argv.data(), environment.data(), parent, write_end.get());
  write_end.Close();
  StartFailure failure;
  ssize_t n;
  do {
    n = read(read_end.get(), &failure, sizeof(failure));
  } while (n < 0 && errno == EINTR);
  if (n == sizeof(failure)) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return DescribeFailure(options, failure);
  }
  return Wait(options, pid);
}

std::string ProgramFolder() {
  std::string path(4096, '\0');
  const ssize_t n = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(std::max<ssize_t>(n, 0));
  return path.substr(0, path.rfind('/'));
}

}  // namespace bonsai
