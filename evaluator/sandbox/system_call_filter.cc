#include "evaluator/sandbox/system_call_filter.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

// By name: what an architecture does not have is left out.
constexpr const char* kAllowed[] = {
    // Files, all of them below what the sandbox shows.
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "open", "openat", "close",
    "close_range", "creat", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "lseek",
    "access", "faccessat", "faccessat2", "getcwd", "chdir", "fchdir", "getdents", "getdents64", "mkdir",
    "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
    "symlinkat", "readlink", "readlinkat", "truncate", "ftruncate", "fallocate", "fsync", "fdatasync",
    "chmod", "fchmod", "fchmodat", "umask", "utime", "utimes", "utimensat", "futimesat", "flock", "fcntl",
    "fadvise64", "dup", "dup2", "dup3", "pipe", "pipe2", "poll", "ppoll", "select", "pselect6",
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2",
    // Memory.
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "membarrier",
    // Processes and threads; their number is limited.
    "execve", "fork", "vfork", "exit", "exit_group", "wait4", "waitid", "kill", "tkill", "tgkill", "getpid",
    "getppid", "gettid", "getpgid", "getpgrp", "setpgid", "getsid", "setsid", "set_tid_address", "futex",
    "set_robust_list", "get_robust_list", "rseq", "sched_yield", "sched_getaffinity", "arch_prctl", "getuid",
    "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "getrlimit", "prlimit64",
    "getrusage", "times", "uname", "sysinfo", "getcpu",
    // Signals and time.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait",
    "sigaltstack", "pause", "alarm", "getitimer", "setitimer", "nanosleep", "clock_nanosleep",
    "clock_gettime", "clock_getres", "gettimeofday", "time", "restart_syscall", "getrandom"};

constexpr uint64_t kNamespaceFlags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE;

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};

int AddRules(scmp_filter_ctx filter) {
  for (const char* name : kAllowed) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR || call < 0) continue;
    if (const int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0); error != 0) return error;
  }
  if (const int error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0); error != 0) {
    return error;
  }
  if (const int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                         SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaceFlags, 0));
      error != 0) {
    return error;
  }
  // What the interpreter asks of its own descriptors; not what types into a terminal.
  for (const uint64_t request :
       {uint64_t{FIONREAD}, uint64_t{FIOCLEX}, uint64_t{FIONCLEX}, uint64_t{FIONBIO}}) {
    const int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, request));
    if (error != 0) return error;
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::string> CompileSystemCallFilter() {
  const std::unique_ptr<void, ReleaseFilter> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (filter == nullptr) return absl::InternalError("libseccomp cannot make a filter");
  if (const int error = AddRules(filter.get()); error != 0) {
    return absl::InternalError(absl::StrCat("libseccomp cannot make the filter: ", strerror(-error)));
  }
  const int fd = memfd_create("system_call_filter", MFD_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "make", "a file in memory");
  std::string program;
  int error = -seccomp_export_bpf(filter.get(), fd);
  const off_t size = error == 0 ? lseek(fd, 0, SEEK_END) : 0;
  if (error == 0) {
    program.resize(static_cast<size_t>(size));
    if (pread(fd, program.data(), program.size(), 0) != size) error = EIO;
  }
  close(fd);
  if (error != 0) return ErrnoStatus(error, "compile", "the system call filter");
  return program;
}

}  // namespace bonsai
