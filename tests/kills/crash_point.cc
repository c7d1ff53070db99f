// For tests: a library that is loaded before all others (LD_PRELOAD) and ends its process, as kill -9 does,
// at one of the points of a commit: RocksDB's log is written, then synced.
//
//   BONSAI_CRASH_POINT    before_write, torn_write (half of it is written), after_write, after_sync
//   BONSAI_CRASH_COMMIT   at which write or sync of a log, counted from 1
//
// Without them it does nothing.
#include <dlfcn.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<int> writes{0};
std::atomic<int> syncs{0};

// Whether the environment names this point and this commit.
bool IsNow(const char* point, int commit) {
  const char* wanted = getenv("BONSAI_CRASH_POINT");
  const char* number = getenv("BONSAI_CRASH_COMMIT");
  return wanted != nullptr && number != nullptr && strcmp(wanted, point) == 0 && atoi(number) == commit;
}

[[noreturn]] void Die() {
  while (true) kill(getpid(), SIGKILL);
}

// RocksDB's write-ahead logs are the files "<number>.log".
bool IsLog(int fd) {
  char link[32];
  char path[1024];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  return size > 4 && memcmp(path + size - 4, ".log", 4) == 0;
}

}  // namespace

extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  if (!IsLog(fd)) return syscall(SYS_write, fd, bytes, size);
  const int commit = ++writes;
  if (IsNow("before_write", commit)) Die();
  if (IsNow("torn_write", commit)) {
    syscall(SYS_write, fd, bytes, size / 2);
    Die();
  }
  const ssize_t written = syscall(SYS_write, fd, bytes, size);
  if (IsNow("after_write", commit)) Die();
  return written;
}

extern "C" int fdatasync(int fd) {
  const int synced = static_cast<int>(syscall(SYS_fdatasync, fd));
  if (IsLog(fd) && IsNow("after_sync", ++syncs)) Die();
  return synced;
}
