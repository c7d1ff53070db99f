#include "evaluator/sandbox/sandboxed_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

// Above the descriptors that bubblewrap gets, so that moving ours there overwrites none of them.
constexpr int kFirstOwnFd = 16;
// The sandbox's user where we may choose one: this and the process id, so that no two have the same.
constexpr uid_t kFirstUser = 1'900'000'000;
constexpr uid_t kNobody = 65534;
// How long the kernel may take to end the processes of a killed sandbox.
constexpr absl::Duration kEndTime = absl::Seconds(60);

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, kFirstOwnFd)) {
    if (fd >= 0) close(fd);
  }
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "make", "a pipe");
  Pipe made{Descriptor(ends[0]), Descriptor(ends[1])};
  if (made.read_end.get() < 0 || made.write_end.get() < 0) return ErrnoStatus(EMFILE, "make", "a pipe");
  return made;
}

// A sealed file in memory: who reads it cannot write to it or make it grow.
absl::StatusOr<Descriptor> BytesToRead(const std::string& bytes) {
  Descriptor file(memfd_create("sandbox", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0) return ErrnoStatus(errno, "make", "a file in memory");
  if (absl::Status status = WriteAll(file.get(), bytes, "a file in memory"); !status.ok()) return status;
  if (lseek(file.get(), 0, SEEK_SET) != 0 ||
      fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    return ErrnoStatus(errno, "seal", "a file in memory");
  }
  return file;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

struct Descriptors {
  Descriptor input, filter;
  Pipe output, report, info;
};

absl::StatusOr<Descriptors> MakeDescriptors(const SandboxedProcess& process) {
  absl::StatusOr<Descriptor> input = BytesToRead(process.input);
  if (!input.ok()) return input.status();
  absl::StatusOr<Descriptor> filter = BytesToRead(process.filter);
  if (!filter.ok()) return filter.status();
  Descriptors made;
  made.input = *std::move(input);
  made.filter = *std::move(filter);
  for (Pipe* pipe : {&made.output, &made.report, &made.info}) {
    absl::StatusOr<Pipe> one = MakePipe();
    if (!one.ok()) return one.status();
    *pipe = *std::move(one);
  }
  return made;
}

bool SetLimits(const SandboxLimits& limits) {
  const auto set = [](int what, rlim_t soft, rlim_t hard) {
    const rlimit limit = {soft, hard};
    return setrlimit(static_cast<__rlimit_resource>(what), &limit) == 0;
  };
  // A second more, for who does not leave when told that the time is up.
  return set(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1) &&
         set(RLIMIT_AS, limits.memory_bytes, limits.memory_bytes) &&
         set(RLIMIT_FSIZE, limits.folder_bytes, limits.folder_bytes) && set(RLIMIT_NOFILE, 64, 64) &&
         set(RLIMIT_CORE, 0, 0) && set(RLIMIT_MSGQUEUE, 0, 0) && set(RLIMIT_MEMLOCK, 0, 0) &&
         set(RLIMIT_SIGPENDING, 256, 256) && set(RLIMIT_STACK, 8 << 20, 8 << 20);
}

// A superuser becomes a user that owns nothing, whose processes are counted apart. One that may not (it is
// the superuser of a user namespace that maps no other user) stays what it is; BubblewrapSandbox's probe
// finds out whether the limits hold for it. System calls, not the C library's functions, which would speak to
// other threads.
void LeaveSuperuser() {
  if (geteuid() != 0 || syscall(SYS_setgroups, 0, nullptr) != 0) return;
  for (const uid_t user : {kFirstUser + static_cast<uid_t>(getpid()), kNobody}) {
    if (syscall(SYS_setresgid, user, user, user) == 0 && syscall(SYS_setresuid, user, user, user) == 0)
      return;
  }
}

// Runs in the child: only what is safe after fork in a process with threads. Does not return.
[[noreturn]] void BecomeBubblewrap(const Descriptors& fds, const SandboxLimits& limits, char* const* argv,
                                   char* const* environment) {
  signal(SIGPIPE, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setsid();
  const bool ready =
      dup2(fds.input.get(), 0) >= 0 && dup2(fds.output.write_end.get(), 1) >= 0 &&
      dup2(fds.output.write_end.get(), 2) >= 0 && dup2(fds.report.write_end.get(), kSandboxReportFd) >= 0 &&
      dup2(fds.filter.get(), kSandboxFilterFd) >= 0 && dup2(fds.info.write_end.get(), kSandboxInfoFd) >= 0 &&
      chdir("/") == 0 && syscall(SYS_close_range, kSandboxInfoFd + 1, ~0u, 0) == 0 && SetLimits(limits);
  if (ready) LeaveSuperuser();
  if (ready) execve(argv[0], argv, environment);
  constexpr char kFailed[] = "cannot prepare or start bubblewrap\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kFailed, sizeof kFailed - 1);
  _exit(127);
}

// What comes out of a pipe: the first bytes are kept, the rest is read and dropped.
class BoundedOutput {
 public:
  BoundedOutput(int fd, uint64_t bytes_max) : fd_(fd), bytes_max_(bytes_max) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  int fd() const { return ended_ ? -1 : fd_; }
  std::string& bytes() { return bytes_; }

  // Reads what is there, but no more than a pipe holds, so that a flood cannot keep us from the clock. False
  // if there was nothing.
  bool Read() {
    std::array<char, 65536> buffer;
    const ssize_t n = read(fd_, buffer.data(), buffer.size());
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) ended_ = true;
    if (n > 0) bytes_.append(buffer.data(), std::min<uint64_t>(n, bytes_max_ - bytes_.size()));
    return n > 0;
  }

 private:
  const int fd_;
  const uint64_t bytes_max_;
  std::string bytes_;
  bool ended_ = false;
};

// The process id behind "child-pid": in what bubblewrap says; 0 if it is not there.
pid_t FirstProcess(const std::string& info) {
  constexpr char kName[] = "\"child-pid\":";
  const size_t at = info.find(kName);
  if (at == std::string::npos) return 0;
  absl::string_view digits = absl::string_view(info).substr(at + sizeof kName - 1);
  digits = digits.substr(std::min(digits.find_first_not_of(" \n"), digits.size()));
  int32_t pid = 0;
  return absl::SimpleAtoi(digits.substr(0, digits.find_first_not_of("0123456789")), &pid) ? pid : 0;
}

// Reads and waits until bubblewrap and the sandbox's first process have ended: the kernel ends that one last.
class Watch {
 public:
  Watch(const SandboxedProcess& process, Descriptors& fds, pid_t pid)
      : limits_(process.limits),
        pid_(pid),
        outer_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))),
        output_(fds.output.read_end.get(), limits_.output_bytes),
        report_(fds.report.read_end.get(), limits_.output_bytes),
        info_(fds.info.read_end.get(), 4096) {}

  absl::StatusOr<SandboxEnd> Wait() {
    absl::Time deadline = absl::Now() + limits_.wall;
    SandboxEnd end;
    while (!outer_ended_ || !inner_ended_) {
      PollOnce(deadline);
      if (outer_ended_ && !killed_) {
        // It ended by itself. Nothing that it left behind may live on.
        KillAll();
        deadline = absl::Now() + kEndTime;
      } else if (absl::Now() >= deadline) {
        if (killed_)
          return absl::InternalError("the processes of a sandbox did not end when they were killed");
        end.timed_out = true;
        KillAll();
        deadline = absl::Now() + kEndTime;
      }
    }
    Reap(end);
    // All writers are gone: what is in the pipes now is all that will be.
    for (BoundedOutput* output : {&output_, &report_}) {
      while (output->Read()) {
      }
    }
    end.output = std::move(output_.bytes());
    end.report = std::move(report_.bytes());
    return end;
  }

 private:
  void PollOnce(absl::Time deadline) {
    std::array<pollfd, 5> fds = {{{output_.fd(), POLLIN, 0},
                                  {report_.fd(), POLLIN, 0},
                                  {info_.fd(), POLLIN, 0},
                                  {outer_ended_ ? -1 : outer_.get(), POLLIN, 0},
                                  {inner_ended_ ? -1 : inner_.get(), POLLIN, 0}}};
    const int64_t wait = std::clamp<int64_t>(absl::ToInt64Milliseconds(deadline - absl::Now()) + 1, 0, 1000);
    if (poll(fds.data(), fds.size(), static_cast<int>(wait)) < 0) return;
    if (fds[0].revents != 0) output_.Read();
    if (fds[1].revents != 0) report_.Read();
    if (fds[2].revents != 0) ReadInfo();
    if (fds[3].revents != 0) outer_ended_ = true;
    if (fds[4].revents != 0) inner_ended_ = true;
  }

  // Bubblewrap has not been waited for, so its child's number is still that child's, or nobody's.
  void ReadInfo() {
    info_.Read();
    const pid_t first = inner_.get() < 0 ? FirstProcess(info_.bytes()) : 0;
    if (first > 0) inner_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, first, 0)));
    // It said nothing and will not: there is no sandbox; or the process is gone already.
    if (info_.fd() < 0 && inner_.get() < 0) inner_ended_ = true;
  }

  void KillAll() {
    killed_ = true;
    kill(pid_, SIGKILL);
    if (inner_.get() >= 0) syscall(SYS_pidfd_send_signal, inner_.get(), SIGKILL, nullptr, 0);
  }

  void Reap(SandboxEnd& end) {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    end.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  const SandboxLimits& limits_;
  const pid_t pid_;
  Descriptor outer_;
  Descriptor inner_;
  BoundedOutput output_, report_, info_;
  bool outer_ended_ = false, inner_ended_ = false, killed_ = false;
};

}  // namespace

absl::StatusOr<SandboxEnd> SandboxedProcess::Run() const {
  // Prepared before fork: a child of a process with threads must not allocate.
  const std::vector<char*> arguments = Pointers(argv);
  const std::vector<char*> variables = Pointers(environment);
  absl::StatusOr<Descriptors> fds = MakeDescriptors(*this);
  if (!fds.ok()) return fds.status();
  const pid_t pid = fork();
  if (pid < 0) return ErrnoStatus(errno, "start", argv[0]);
  if (pid == 0) BecomeBubblewrap(*fds, limits, arguments.data(), variables.data());
  for (Pipe* pipe : {&fds->output, &fds->report, &fds->info}) pipe->write_end.Close();
  return Watch(*this, *fds, pid).Wait();
}

}  // namespace bonsai
