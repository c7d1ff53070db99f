#include "evaluator/sandbox/bubblewrap_sandbox.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "evaluator/sandbox/interpreter_files.h"
#include "evaluator/sandbox/sandboxed_process.h"
#include "evaluator/sandbox/system_call_filter.h"

namespace bonsai {
namespace {

// Linux bounds one argument to 128 KiB.
constexpr size_t kScriptBytesMax = 100'000;
constexpr absl::string_view kStarted = "started\n";
constexpr absl::string_view kWallsHold = "the walls hold";

// Before the script. The number of processes is limited here because the kernel counts those of a user
// namespace apart, and that one is made by bubblewrap.
std::string Prelude(const SandboxLimits& limits) {
  return absl::StrCat(
      "import os, resource, sys\nsys.path[:] = [p for p in sys.path if p.startswith('/usr')]\n",
      "resource.setrlimit(resource.RLIMIT_NPROC, (", limits.processes, ",) * 2)\n", "os.write(",
      kSandboxReportFd, ", b'started\\n')\ndel os, resource, sys\n");
}

constexpr char kProbe[] = R"py(
import os, socket, time
def refused(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return True
    return False
problems = []
if not refused(socket.socket, socket.AF_INET, socket.SOCK_STREAM):
    problems.append("sockets are not refused")
if os.getuid() == 0 or os.getpid() > 16:
    problems.append("no user or process namespace")
if not refused(os.open, "/usr/probe", os.O_CREAT | os.O_WRONLY) or not refused(os.mkdir, "/probe"):
    problems.append("files outside /tmp can be written")
if set(os.listdir("/")) - {"dev", "lib", "lib64", "tmp", "usr"}:
    problems.append("sees more of the machine than the interpreter: " + " ".join(os.listdir("/")))
with open("/tmp/probe", "w") as file:
    file.write("x")
for made in range(PROCESSES + 1):
    try:
        if os.fork() == 0:
            time.sleep(60)
    except OSError:
        break
else:
    problems.append("the number of processes is not limited")
os.write(3, (", ".join(problems) or "the walls hold").encode())
)py";

absl::Status Refusal(absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("no sandbox for programs on this machine, so none is run: ", why,
                   "; needed are the Debian packages bubblewrap and python3, and a kernel that allows user "
                   "namespaces (user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1)"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<BubblewrapSandbox>> BubblewrapSandbox::Create(
    const BubblewrapOptions& options) {
  if (access(options.bubblewrap.c_str(), X_OK) != 0)
    return Refusal(absl::StrCat("there is no ", options.bubblewrap));
  const absl::StatusOr<InterpreterFiles> files = FindInterpreterFiles(options.python);
  if (!files.ok()) return Refusal(files.status().message());
  absl::StatusOr<std::string> filter = CompileSystemCallFilter();
  if (!filter.ok()) return Refusal(filter.status().message());

  std::unique_ptr<BubblewrapSandbox> sandbox(new BubblewrapSandbox);
  sandbox->program_ = files->program;
  sandbox->filter_ = *std::move(filter);
  sandbox->argv_ = {options.bubblewrap, "--unshare-all",
                    "--unshare-user",   "--disable-userns",
                    "--new-session",    "--die-with-parent",
                    "--cap-drop",       "ALL",
                    "--hostname",       "sandbox",
                    "--info-fd",        absl::StrCat(kSandboxInfoFd),
                    "--seccomp",        absl::StrCat(kSandboxFilterFd)};
  for (const std::string& path : files->paths) {
    sandbox->argv_.insert(sandbox->argv_.end(), {"--ro-bind", path, path});
  }
  sandbox->argv_.insert(sandbox->argv_.end(), {"--dev-bind", "/dev/null", "/dev/null"});

  const SandboxLimits limits = {.processes = 8};
  const std::string script = absl::StrReplaceAll(kProbe, {{"PROCESSES", absl::StrCat(limits.processes)}});
  const absl::StatusOr<SandboxEnd> probe = sandbox->Run({.script = script, .input = "", .limits = limits});
  if (!probe.ok()) return Refusal(probe.status().message());
  if (probe->report != kWallsHold) {
    return Refusal(absl::StrCat(probe->report, absl::StripSuffix(probe->output, "\n")));
  }
  return sandbox;
}

absl::StatusOr<SandboxEnd> BubblewrapSandbox::Run(const SandboxTask& task) {
  if (task.script.size() > kScriptBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a sandbox's script of ", task.script.size(), " bytes; at most ", kScriptBytesMax));
  }
  SandboxedProcess process;
  process.argv = argv_;
  // Everything but /tmp becomes read-only once it is in its place.
  process.argv.insert(process.argv.end(),
                      {"--perms", "0700", "--size", absl::StrCat(task.limits.folder_bytes), "--tmpfs", "/tmp",
                       "--remount-ro", "/", "--chdir", "/tmp", "--", program_, "-B", "-s", "-S", "-c",
                       absl::StrCat(Prelude(task.limits), task.script)});
  // One seed for all hashes: what a program prints of a set does not change from run to run.
  process.environment = {"PATH=/usr/bin", "LANG=C.UTF-8", "HOME=/tmp", "TMPDIR=/tmp", "PYTHONHASHSEED=0"};
  process.filter = filter_;
  process.input = task.input;
  process.limits = task.limits;
  absl::StatusOr<SandboxEnd> end = process.Run();
  if (!end.ok()) return end.status();
  if (!absl::StartsWith(end->report, kStarted)) {
    if (end->timed_out) return absl::DeadlineExceededError("a sandbox did not start within its time limit");
    return absl::InternalError(absl::StrCat("a sandbox did not start: exit code ", end->exit_code, ", ",
                                            absl::StripSuffix(end->output.substr(0, 500), "\n")));
  }
  end->report.erase(0, kStarted.size());
  return end;
}

}  // namespace bonsai
