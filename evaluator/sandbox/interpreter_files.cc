#include "evaluator/sandbox/interpreter_files.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "runner/child_process.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kAnswerBytesMax = 64 << 10;

// Prints the interpreter's path, its standard library's folder, and under the name that the loader looks for
// (its soname: "libz.so.1" for libz.so.1.2.13) every shared library that the interpreter and its extension
// modules have loaded.
constexpr char kQuestion[] = R"py(
import os, sys, sysconfig
for name in ("bz2", "ctypes", "decimal", "hashlib", "json", "lzma", "zlib"):
    try:
        __import__(name)
    except ImportError:
        pass
print(os.path.realpath(sys.executable))
print(os.path.realpath(sysconfig.get_path("stdlib")))
mapped = set()
for line in open("/proc/self/maps"):
    path = line.rstrip("\n").split(None, 5)[-1]
    if path.startswith("/") and ".so" in os.path.basename(path):
        mapped.add(path)
names = set()
for path in mapped:
    names.add(path)
    folder = os.path.dirname(path)
    for name in os.listdir(folder):
        alias = os.path.join(folder, name)
        if ".so." in name and os.path.islink(alias) and os.path.realpath(alias) == path:
            names.add(alias)
for loader in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"):
    if os.path.exists(loader):
        names.add(loader)
print("\n".join(sorted(names)))
)py";

// What the interpreter prints on its standard output. It is kept in memory, not in a file on a disk.
absl::StatusOr<std::string> Ask(const std::string& python) {
  const int fd = memfd_create("interpreter_files", MFD_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "make", "a file in memory");
  const ChildOptions options = {.argv = {python, "-I", "-S", "-B", "-c", kQuestion},
                                .work_dir = "/",
                                .stdout_path = absl::StrCat("/proc/self/fd/", fd),
                                .stderr_path = "",
                                .environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"},
                                .timeout = absl::Minutes(1),
                                .stop = nullptr};
  const absl::StatusOr<ChildExit> exit = RunChild(options);
  std::string answer(kAnswerBytesMax, '\0');
  const ssize_t size = exit.ok() ? pread(fd, answer.data(), answer.size(), 0) : 0;
  close(fd);
  if (!exit.ok()) return exit.status();
  if (exit->exit_code != 0 || size < 0) {
    return absl::FailedPreconditionError(absl::StrCat(python, " does not run: exit code ", exit->exit_code));
  }
  answer.resize(static_cast<size_t>(size));
  return answer;
}

}  // namespace

absl::StatusOr<InterpreterFiles> FindInterpreterFiles(const std::string& python) {
  const absl::StatusOr<std::string> answer = Ask(python);
  if (!answer.ok()) return absl::FailedPreconditionError(answer.status().message());
  InterpreterFiles files;
  files.paths = absl::StrSplit(*answer, '\n', absl::SkipEmpty());
  const bool sensible =
      files.paths.size() >= 3 && std::all_of(files.paths.begin(), files.paths.end(), [](auto& path) {
        // Not the root, nor a folder right below it, which would show everything.
        return absl::StartsWith(path, "/") && std::count(path.begin(), path.end(), '/') >= 2;
      });
  if (!sensible) {
    return absl::FailedPreconditionError(
        absl::StrCat(python, " does not say which files it needs, only: ", answer->substr(0, 200)));
  }
  files.program = files.paths[0];
  return files;
}

}  // namespace bonsai
