// Programs that try to get out, to get through, or to stay. Each must be contained, be judged failed, and
// leave nothing behind. What they are asked for is f(x) == x + 1 for 100 values of x.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "evaluator/sandbox/python_code_judge.h"
#include "evaluator/sandbox/sandbox_testing.h"

namespace bonsai {
namespace {

struct Hostile {
  const char* name;
  const char*
      program;  // MARK stands for a word that is searched for afterwards; PARENT for this process's id
};

constexpr char kTest[] = R"(
def check(candidate):
    import random
    for x in range(100):
        assert candidate(x) == x + 1
)";

// The rest of each program: a wrong answer, unless the attack worked.
const Hostile kHostile[] = {
    {"ForkBomb", R"(
import os
def f(x):
    while True:
        try: os.fork()
        except OSError: pass
)"},
    {"ThreadBomb", R"(
import threading, time
def f(x):
    while True:
        try: threading.Thread(target=time.sleep, args=(1000,)).start()
        except RuntimeError: pass
)"},
    {"Network", R"(
def f(x):
    import socket
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
        try:
            socket.socket(family, socket.SOCK_DGRAM)
            return x + 1
        except OSError: pass
    return -1
)"},
    {"ReadsTheMachinesFiles", R"(
import os
def f(x):
    for path in ("/etc/passwd", "/proc/self/environ", "/root", "/home", "/sys", "/dev/sda", "/dev/mem", "/usr/include",
                 "../../../../etc/passwd", "/proc/PARENT/root/etc/passwd", "/usr/lib/python3/dist-packages"):
        if os.path.exists(path): return x + 1
    return -1
)"},
    {"WritesOutsideItsFolder", R"(
import os
def f(x):
    for folder in ("/", "/usr/lib", "/dev", "/usr/bin", os.path.dirname(os.__file__), "/tmp/../var/tmp"):
        try:
            open(folder + "/MARK", "w").close()
            return x + 1
        except OSError: pass
    return -1
)"},
    {"DeletesTheInterpretersFiles", R"(
import os
def f(x):
    done = 0
    for folder in ("/usr/lib", "/usr/bin"):
        for where, _, names in os.walk(folder):
            for name in names:
                try:
                    os.unlink(os.path.join(where, name))
                    done += 1
                except OSError: pass
    return x + 1 if done else -1
)"},
    {"SymbolicLinks", R"(
import os
def f(x):
    os.symlink("/etc/passwd", "/tmp/a%d" % x)
    os.symlink("/usr/lib", "/tmp/b%d" % x)
    try:
        print(open("/tmp/a%d" % x).read())
        return x + 1
    except OSError: pass
    try:
        open("/tmp/b%d/MARK" % x, "w")
        return x + 1
    except OSError: pass
    return -1
)"},
    {"SetUserId", R"(
import os
def f(x):
    worked = 0
    for call in (os.setuid, os.setgid, os.seteuid):
        try:
            call(0)
            worked += 1
        except OSError: pass
    with open("/tmp/program", "w") as file: file.write("#!/usr/bin/python3\n")
    os.chmod("/tmp/program", 0o6755)
    return x + 1 if worked or os.getuid() == 0 else -1
)"},
    {"SignalsToEverybody", R"(
import os, signal
def f(x):
    for pid in (PARENT, 1, -1, 0, os.getppid(), os.getppid() + 1000):
        try: os.kill(pid, signal.SIGTERM)
        except OSError: pass
    for pid in range(1, 40000):
        if pid != os.getpid():
            try: os.kill(pid, signal.SIGKILL)
            except OSError: pass
    return x + 1
)"},
    {"StopsItsExaminer", R"(
import os, signal
def f(x):
    os.kill(os.getppid(), signal.SIGSTOP)
    return x + 1
)"},
    {"Memory", R"(
def f(x):
    hoard = []
    while True: hoard.append(bytearray(1 << 20))
)"},
    {"MemoryThatNoLimitCounts", R"(
import ctypes, os
def f(x):
    libc = ctypes.CDLL(None)
    opened = [libc.memfd_create(b"MARK", 0), libc.shmget(0, 1 << 30, 0o1600), libc.msgget(0, 0o1600)]
    return x + 1 if max(opened) >= 0 else -1
)"},
    {"SpinsForever", "def f(x):\n    while True: pass\n"},
    {"SpinsAndIgnoresTheSignal", R"(
import signal
def f(x):
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while True: pass
)"},
    {"SleepsForever", "import time\ndef f(x):\n    time.sleep(1e6)  # MARK\n"},
    {"OutputFlood", "import os\ndef f(x):\n    while True: os.write(1, b'passed' * 10000)\n"},
    {"PrintsPassed", "print('passed')\ndef f(x):\n    print('passed')\n    return None\n"},
    {"WritesPassedToEveryDescriptor", R"(
import os
def f(x):
    for fd in range(64):
        try: os.write(fd, b"passed")
        except OSError: pass
    os._exit(0)
)"},
    {"AnswersTheExaminersProtocolItself", R"(
import os
def f(x):
    for fd in range(3, 64):
        try:
            for i in range(200): os.write(fd, (13).to_bytes(4, "big") + b"(\0\0\0\3N" + b"i\0\0\0\1" + b"7" + b"N")
        except OSError: pass
    os._exit(0)
)"},
    {"ExitsWithSuccess", "import sys\ndef f(x):\n    sys.exit(0)\n"},
    {"ExitsWithSuccessAtOnce", "import os\nos._exit(0)\ndef f(x): pass\n"},
    {"ExitsInItsDefinitions", "raise SystemExit(0)\n"},
    {"ClosesEveryDescriptor", "import os\ndef f(x):\n    os.closerange(0, 64)\n"},
    {"EqualsEverything", R"(
class Equal(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
def f(x): return Equal(-7)
)"},
    {"PatchesWhatTestsUse", R"(
import builtins, sys
builtins.AssertionError = type("Silent", (BaseException,), {})
builtins.range = lambda *a: []
builtins.__build_class__ = None
sys.excepthook = lambda *a: None
def check(candidate): pass
def f(x):
    frame = sys._getframe()
    while frame:
        for names in (frame.f_globals, frame.f_locals):
            for name in list(names):
                if name in ("check", "test", "verdict", "VERDICT", "main", "examine"): names[name] = lambda *a: None
        frame = frame.f_back
    return 0
)"},
    {"LeavesModulesForTheTests", R"(
import os, sys
for folder in (".", "/tmp", os.path.expanduser("~")):
    for name in ("random", "signal", "time"):
        with open(os.path.join(folder, name + ".py"), "w") as file:
            file.write("import os\nos.write(3, b'passed')\nos._exit(0)\n")
def f(x): return 0
)"},
    {"ExitsOfThreadsAndAtExit", R"(
import atexit, os, threading
atexit.register(lambda: os._exit(0))
threading.Timer(0.05, lambda: os._exit(0)).start()
def f(x):
    raise SystemExit(0)
)"},
    {"RaisesWhatEndsLoops", "def f(x): raise StopIteration\n"},
    {"Trace", R"(
import ctypes, os
def f(x):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(64)
    class Piece(ctypes.Structure): _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t)]
    mine, theirs = Piece(ctypes.addressof(buffer), 64), Piece(0x400000, 64)
    worked = [libc.ptrace(16, os.getppid(), 0, 0), libc.ptrace(0, 0, 0, 0),
              libc.process_vm_readv(os.getppid(), ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0),
              libc.syscall(434, os.getppid(), 0), libc.syscall(438, 3, 3, 0)]
    return x + 1 if max(worked) >= 0 else -1
)"},
    {"HugeFiles", R"(
import os
def f(x):
    big = b"x" * (1 << 20)
    files = 0
    while files < 40:
        try:
            with open("/tmp/MARK%d" % files, "wb") as file:
                while True: file.write(big)
        except OSError: files += 1
    return x + 1 if sum(os.path.getsize("/tmp/" + n) for n in os.listdir("/tmp")) > 1 << 25 else -1
)"},
    {"Namespaces", R"(
import ctypes, os
def f(x):
    libc = ctypes.CDLL(None)
    worked = [libc.unshare(flag) for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000)]
    worked += [libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), libc.chroot(b"/tmp"), libc.setns(0, 0),
               libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0), libc.syscall(435, 0, 0)]
    for program in ("/usr/bin/bwrap", "/usr/bin/unshare", "/usr/bin/su"):
        worked.append(0 if os.path.exists(program) else -1)
    return x + 1 if max(worked) >= 0 else -1
)"},
    {"Daemons", R"(
import os, time
def f(x):
    for i in range(4):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 64)
                time.sleep(1000)  # MARK
            os._exit(0)
    return 0
)"},
    {"Devices", R"(
import os, stat
def f(x):
    try:
        os.mknod("/tmp/disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0))
        return x + 1
    except OSError: pass
    return x + 1 if os.listdir("/dev") != ["null"] else -1
)"},
};

// Puts a mark into the script, which stands on the command line of whatever it leaves behind.
class MarkingSandbox : public Sandbox {
 public:
  MarkingSandbox(Sandbox& sandbox, std::string mark) : sandbox_(sandbox), mark_(std::move(mark)) {}

  absl::StatusOr<SandboxEnd> Run(const SandboxTask& task) override {
    SandboxTask marked = task;
    absl::StrAppend(&marked.script, "\n# ", mark_, "\n");
    return sandbox_.Run(marked);
  }

 private:
  Sandbox& sandbox_;
  const std::string mark_;
};

class HostilePrograms : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostilePrograms, AreContainedJudgedFailedAndLeaveNothing) {
  BONSAI_FIND_SANDBOX(sandbox);
  const std::string mark = absl::StrCat("hostilemark", getpid(), GetParam().name);
  const CodeProgram program = {.program = absl::StrCat(absl::StrReplaceAll(
                                   GetParam().program, {{"MARK", mark}, {"PARENT", absl::StrCat(getpid())}})),
                               .entry_point = "f",
                               .setup = "def f(x):\n    \"\"\"x + 1\"\"\"\n",
                               .test = absl::StrCat(kTest, "# ", mark)};
  // Short, so that those which would sleep do not keep us.
  MarkingSandbox marked(sandbox, mark);
  PythonCodeJudge judge(marked, 1, {.wall = absl::Seconds(6)});
  const auto verdicts = judge.JudgeAll({&program, 1}, [](uint64_t) { return absl::OkStatus(); });
  ASSERT_TRUE(verdicts.ok()) << verdicts.status();
  EXPECT_FALSE((*verdicts)[0].passed);
  EXPECT_NE((*verdicts)[0].why, "passed");
  RecordProperty("why", (*verdicts)[0].why);
  EXPECT_FALSE(SomeProcessSays(mark));
  for (const char* folder : {"/tmp", "/var/tmp", "/", "/usr/lib", "/usr/bin", "/dev", "/dev/shm"}) {
    EXPECT_FALSE(std::filesystem::exists(absl::StrCat(folder, "/", mark))) << folder;
  }
}

INSTANTIATE_TEST_SUITE_P(All, HostilePrograms, ::testing::ValuesIn(kHostile),
                         [](const auto& info) { return std::string(info.param.name); });

// The attacks above fail for want of walls only if an honest program passes the same test.
TEST(HonestPrograms, PassTheTestThatHostileOnesFail) {
  BONSAI_FIND_SANDBOX(sandbox);
  const CodeProgram program = {
      .program = "def f(x): return x + 1", .entry_point = "f", .setup = "", .test = kTest};
  PythonCodeJudge judge(sandbox, 1);
  const auto verdicts = judge.JudgeAll({&program, 1}, [](uint64_t) { return absl::OkStatus(); });
  ASSERT_TRUE(verdicts.ok()) << verdicts.status();
  EXPECT_EQ((*verdicts)[0].why, "passed");
}

}  // namespace
}  // namespace bonsai
