#include "runner/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <exception>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "runner/process_runner_context.h"
#include "runner/task_file.h"
#include "storage/directory_blob_store.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The value of --task.
absl::StatusOr<std::string> TaskArgument(int argc, char** argv) {
  std::string path;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (absl::ConsumePrefix(&argument, "--task=")) {
      path = std::string(argument);
    } else if (argument == "--task" && i + 1 < argc) {
      path = argv[++i];
    } else {
      return absl::InvalidArgumentError(absl::StrCat("unknown argument \"", argv[i], "\": want --task=FILE"));
    }
  }
  if (path.empty()) return absl::InvalidArgumentError("no task is given: want --task=FILE");
  return path;
}

absl::Status CheckKind(const std::string& program, const v1::Task& task) {
  absl::string_view kind = program;
  if (!absl::ConsumePrefix(&kind, "bonsai-run-") || kind == JobKind(task.spec())) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the task's spec is of kind \"", JobKind(task.spec()),
                                                 "\": this program runs \"", kind, "\""));
}

// Ties the process to the agent that reads its events.
absl::Status AttachToAgent(int events_fd) {
  int flags = fcntl(events_fd, F_GETFD);
  if (flags < 0) {
    return absl::InvalidArgumentError(absl::StrCat("events_fd is ", events_fd,
                                                   ", which is not open: want 0 to ",
                                                   "print events, or a descriptor that is inherited"));
  }
  // What the runner starts must not keep the pipe open.
  fcntl(events_fd, F_SETFD, flags | FD_CLOEXEC);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return ErrnoStatus(errno, "prctl", "PR_SET_PDEATHSIG");
  return absl::OkStatus();
}

// Reads the task and prepares the process for it.
absl::StatusOr<v1::Task> Prepare(int argc, char** argv) {
  absl::StatusOr<std::string> path = TaskArgument(argc, argv);
  if (!path.ok()) return path.status();
  absl::StatusOr<v1::Task> task = ReadTaskFile(*path);
  if (!task.ok()) return task;
  if (absl::Status status = CheckKind(BaseName(argv[0]), *task); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(*path, ": ", status.message()));
  }
  if (task->events_fd() > 0) {
    if (absl::Status status = AttachToAgent(task->events_fd()); !status.ok()) return status;
  }
  if (mkdir(task->work_dir().c_str(), 0755) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, "make work_dir", task->work_dir());
  }
  return task;
}

absl::Status Work(const std::function<absl::Status(RunnerContext&)>& work, ProcessRunnerContext& context) {
  absl::Status status;
  // Ours throws nothing; libraries below it may.
  try {
    status = work(context);
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("exception: ", error.what()));
  } catch (...) {
    return absl::InternalError("exception of an unknown type");
  }
  if (status.ok() && context.task().rank() == 0 && context.output_id().empty()) {
    return absl::InternalError("the work ended without an output");
  }
  return status;
}

int Fail(const std::string& program, const absl::Status& status, RunnerExit code) {
  fprintf(stderr, "%s: %s\n", program.c_str(), OneLine(status.message()).c_str());
  return static_cast<int>(code);
}

void PrintUsage(const std::string& program) {
  printf(
      "usage: %s --task=FILE\n\nDoes the work of one rank. FILE is a bonsai.v1.Task in text format; agents "
      "write "
      "it,\nand so can you: job_id, spec, storage_dir, work_dir, and inputs by artifact id.\n\n"
      "exit codes: 0 done, 1 failed, 65 bad input, 75 left on SIGTERM after a checkpoint\n",
      program.c_str());
}

}  // namespace

RunnerExit ExitFor(const absl::Status& status, bool stop_requested) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return RunnerExit::kDone;
    case absl::StatusCode::kCancelled:
      // A runner that was not asked to leave has failed, or it would be started again for ever.
      return stop_requested ? RunnerExit::kPreempted : RunnerExit::kFailed;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kDataLoss:
      return RunnerExit::kBadInput;
    default:
      return RunnerExit::kFailed;
  }
}

int RunnerMain(int argc, char** argv, const std::function<absl::Status(RunnerContext&)>& work) {
  const std::string program = argc > 0 ? BaseName(argv[0]) : "runner";
  if (argc == 2 && (argv[1] == absl::string_view("--help") || argv[1] == absl::string_view("-h"))) {
    PrintUsage(program);
    return static_cast<int>(RunnerExit::kDone);
  }
  absl::StatusOr<v1::Task> task = Prepare(argc, argv);
  if (!task.ok()) return Fail(program, task.status(), ExitFor(task.status(), false));
  ProcessRunnerContext::InstallSignals(task->events_fd() == 0);
  absl::StatusOr<std::unique_ptr<DirectoryBlobStore>> store = DirectoryBlobStore::Open(task->storage_dir());
  if (!store.ok()) return Fail(program, store.status(), ExitFor(store.status(), false));
  ProcessRunnerContext context(*std::move(task), **store);
  absl::Status status = Work(work, context);
  RunnerExit code = ExitFor(status, context.StopRequested());
  if (code == RunnerExit::kDone) return static_cast<int>(code);
  if (code != RunnerExit::kPreempted) context.ReportFailure(status.message());
  return Fail(program, status, code);
}

}  // namespace bonsai
