#include "worker/agent/rank_processes.h"

#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runner/rendezvous_frame.h"
#include "runner/task_file.h"
#include "storage/file_bytes.h"
#include "storage/sealed_file.h"
#include "worker/agent/agent_log.h"
#include "worker/agent/leftover.h"

namespace bonsai {
namespace {

// Read from one pipe before the others get their turn.
constexpr size_t kEventReadMax = 256 << 10;

// Idle OpenMP threads must not spin: ranks share their machine with others.
std::vector<std::string> RunnerEnvironment(const v1::Task& task, const RankFolder& folder) {
  uint32_t cpus = std::max(1u, task.spec().resources().cpus());
  std::vector<std::string> environment = {absl::StrCat("OMP_NUM_THREADS=", cpus), "OMP_WAIT_POLICY=passive",
                                          "GOMP_SPINCOUNT=0", absl::StrCat("OPENBLAS_NUM_THREADS=", cpus),
                                          absl::StrCat(kRankFolderVariable, "=", folder.root)};
  // The key of secret suites is for evaluations alone.
  if (!task.spec().has_evaluate()) environment.push_back(absl::StrCat(kHoldoutKeyVariable, "="));
  return environment;
}

// For a reader that is started afterwards: nothing need survive a crash of the machine, so nothing is synced.
absl::Status WriteNew(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus(errno, "make", path);
  absl::Status written = WriteAll(fd, text, path);
  close(fd);
  return written;
}

std::string SampleLine(const v1::Sample& sample) {
  std::string line;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(sample, &line, options).ok()) return "";
  return line + "\n";
}

LogSubject SubjectOf(const RankKey& key, absl::string_view level) {
  LogSubject subject;
  subject.job = key.job_id;
  subject.attempt = key.attempt;
  subject.rank = key.rank;
  subject.level = level;
  return subject;
}

}  // namespace

void RankProcesses::Do(const RankAction& action) {
  auto found = ranks_.find(action.key);
  RunnerProcess* process = found == ranks_.end() ? nullptr : found->second.process.get();
  switch (action.kind) {
    case RankAction::kStart:
      if (courier_ != nullptr) return courier_->Fetch(action.key, action.task);
      return StartOrFail(action.key, action.task);
    case RankAction::kStop:
      if (process != nullptr) process->Terminate();
      // Its inputs are on their way. What a rank that ended made goes on to the coordinator.
      if (courier_ != nullptr && found == ranks_.end()) courier_->Cancel(action.key);
      return;
    case RankAction::kKill:
      if (process != nullptr) process->KillGroup();
      if (courier_ != nullptr) courier_->Cancel(action.key);
      return;
    case RankAction::kForget:
      Forget(action.key);
      return;
  }
}

absl::Status RankProcesses::Complete(const RankKey& key, Rank& rank, v1::Task& task) {
  task.set_storage_dir(config_.storage_dir());
  task.set_work_dir(rank.folder.work);
  task.set_rendezvous_dir(absl::StrCat(config_.storage_dir(), "/rendezvous/", *AttemptName(key)));
  task.set_share_dir(config_.share_dir());
  task.set_events_fd(kRunnerEventsFd);
  if (key.rank == 0 || courier_ != nullptr) rank.rendezvous_dir = task.rendezvous_dir();
  if (!task.rendezvous_address().empty() && !ParseRendezvousAddress(task.rendezvous_address()).ok()) {
    return absl::UnavailableError(
        "the ranks share no folder, and the worker of rank 0 offers no address where they could meet");
  }
  absl::StatusOr<std::vector<std::string>> gpus = gpus_.Take(key, task.spec().resources().gpus());
  if (!gpus.ok()) return gpus.status();
  for (const std::string& id : *gpus) task.add_gpu_ids(id);
  std::error_code error;
  std::filesystem::create_directories(task.rendezvous_dir(), error);
  return error ? ErrnoStatus(error.value(), "make folder", task.rendezvous_dir()) : absl::OkStatus();
}

void RankProcesses::StartOrFail(const RankKey& key, const v1::Task& task) {
  if (absl::Status status = Start(key, task); !status.ok()) {
    v1::RankReport::Exit exit = v1::RankReport::FAILED;
    if (absl::IsInvalidArgument(status)) exit = v1::RankReport::BAD_INPUT;
    if (absl::IsUnavailable(status)) exit = v1::RankReport::WORKER_FAILED;
    FailStart(key, task, status.message(), exit);
  }
  board_.RingSynchronizer();
}

void RankProcesses::FailStart(const RankKey& key, const v1::Task& task, absl::string_view message,
                              v1::RankReport::Exit exit) {
  AgentLog(absl::StrCat("could not start: ", message), SubjectOf(key, "error"));
  metrics_.CountExit(JobKind(task.spec()), exit);
  gpus_.Give(key);
  board_.With([&](RankTable& table) { table.OnStartFailed(key, message, exit); });
}

void RankProcesses::ObserveCourier() {
  if (courier_ == nullptr) return;
  for (ArtifactCourier::Finished& one : courier_->TakeFinished()) {
    // It may have been asked to stop when all was here.
    const bool stopped = absl::IsCancelled(one.status) || board_.With([&](RankTable& table) {
      return table.Report(one.key).phase() == v1::RankReport::STOPPING;
    });
    if (!one.is_fetch) {
      OnDelivered(one.key, one.event, one.status);
    } else if (one.status.ok() && !stopped) {
      StartOrFail(one.key, one.task);
    } else if (stopped) {
      FailStart(one.key, one.task, "stopped before it started", v1::RankReport::PREEMPTED);
    } else {
      FailStart(one.key, one.task, absl::StrCat("inputs could not be fetched: ", one.status.message()),
                v1::RankReport::WORKER_FAILED);
    }
    board_.RingSynchronizer();
  }
}

void RankProcesses::OnDelivered(const RankKey& key, const v1::RunnerEvent& event,
                                const absl::Status& status) {
  if (status.ok()) {
    Tell(key, event);
  } else {
    const absl::string_view what = event.has_checkpoint() ? "checkpoint" : "output";
    AgentLog(absl::StrCat(what, " not delivered: ", status.message()), SubjectOf(key, "error"));
    if (event.has_artifact()) {
      board_.With([&](RankTable& table) { table.OnUndelivered(key, status.message()); });
    }
  }
  auto found = ranks_.find(key);
  if (found == ranks_.end() || !found->second.end.has_value() || courier_->Delivers(key)) return;
  End(key, found->second, *std::exchange(found->second.end, std::nullopt));
}

absl::Status RankProcesses::Start(const RankKey& key, v1::Task task) {
  absl::StatusOr<std::string> attempt_name = AttemptName(key);
  if (!attempt_name.ok()) return attempt_name.status();
  std::string kind = JobKind(task.spec());
  if (kind.empty()) return absl::InvalidArgumentError("the task's spec has no kind that this worker knows");
  Rank& rank = ranks_[key];
  rank.kind = kind;
  rank.folder = *FolderOf(config_.work_dir(), key);
  if (absl::Status status = MakeFresh(rank.folder); !status.ok()) return status;
  if (absl::Status complete = Complete(key, rank, task); !complete.ok()) return complete;
  std::string text;
  google::protobuf::TextFormat::PrintToString(task, &text);
  if (absl::Status status = WriteNew(rank.folder.task_file, text); !status.ok()) return status;
  rank.samples_fd = open(rank.folder.samples_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (rank.samples_fd < 0) return ErrnoStatus(errno, "open", rank.folder.samples_file);
  ProcessSpec spec;
  spec.program = absl::StrCat(config_.runner_dir(), "/bonsai-run-", kind);
  spec.arguments = {absl::StrCat("--task=", rank.folder.task_file)};
  spec.environment = RunnerEnvironment(task, rank.folder);
  for (std::string& one : gpus_.Environment({task.gpu_ids().begin(), task.gpu_ids().end()})) {
    spec.environment.push_back(std::move(one));
  }
  spec.work_dir = rank.folder.work;
  spec.log_file = rank.folder.log_file;
  spec.pid_file = rank.folder.pid_file;
  absl::StatusOr<std::unique_ptr<RunnerProcess>> process = RunnerProcess::Start(spec);
  if (!process.ok()) return process.status();
  rank.process = *std::move(process);
  AgentLog(absl::StrCat("started, ", kind, ", process ", rank.process->pid()), SubjectOf(key, "info"));
  board_.With([&](RankTable& table) { table.OnStarted(key); });
  return absl::OkStatus();
}

void RankProcesses::Forget(const RankKey& key) {
  if (courier_ != nullptr) courier_->Forget(key);
  auto found = ranks_.find(key);
  if (found == ranks_.end()) return;
  Rank& rank = found->second;
  rank.process.reset();
  if (rank.samples_fd >= 0) close(rank.samples_fd);
  std::error_code ignored;
  std::filesystem::remove_all(rank.folder.root, ignored);
  const std::string rendezvous_dir = std::move(rank.rendezvous_dir);
  ranks_.erase(found);
  const bool others_meet_there =
      courier_ != nullptr && std::any_of(ranks_.begin(), ranks_.end(), [&](const auto& one) {
        return one.second.rendezvous_dir == rendezvous_dir;
      });
  if (!rendezvous_dir.empty() && !others_meet_there) std::filesystem::remove_all(rendezvous_dir, ignored);
}

void RankProcesses::AddEvents(std::vector<pollfd>& fds) const {
  for (const auto& [key, rank] : ranks_) {
    if (rank.process != nullptr && !rank.events_ended) fds.push_back({rank.process->events_fd(), POLLIN, 0});
  }
}

void RankProcesses::Observe() {
  for (auto& [key, rank] : ranks_) {
    if (rank.process == nullptr) continue;
    // Its end is noted first, so that what it wrote before is all there to be read.
    std::optional<ProcessEnd> end = rank.process->Poll();
    ReadEvents(key, rank);
    if (!end.has_value()) continue;
    rank.process.reset();
    gpus_.Give(key);
    if (courier_ != nullptr && courier_->Delivers(key)) {
      rank.end = end;
    } else {
      End(key, rank, *end);
    }
  }
}

void RankProcesses::ReadEvents(const RankKey& key, Rank& rank) {
  char buffer[1 << 14];
  for (size_t total = 0; total < kEventReadMax && !rank.events_ended;) {
    ssize_t got = read(rank.process->events_fd(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      rank.events_ended = true;
      return;
    }
    total += got;
    absl::StatusOr<std::vector<v1::RunnerEvent>> events = rank.reader.Feed(absl::string_view(buffer, got));
    if (!events.ok()) {
      // A runner that cannot be understood cannot be trusted to end well.
      v1::RunnerEvent failure;
      failure.mutable_failure()->set_message(std::string(events.status().message()));
      Note(key, rank, failure);
      rank.process->KillGroup();
      rank.events_ended = true;
      return;
    }
    for (const v1::RunnerEvent& event : *events) Note(key, rank, event);
  }
}

void RankProcesses::Note(const RankKey& key, Rank& rank, const v1::RunnerEvent& event) {
  if (event.has_sample()) {
    absl::Status status = WriteAll(rank.samples_fd, SampleLine(event.sample()), rank.folder.samples_file);
    if (!status.ok())
      AgentLog(absl::StrCat("a sample is not kept: ", status.message()), SubjectOf(key, "warning"));
  }
  const bool names_artifact = event.has_checkpoint() || event.has_artifact();
  if (courier_ != nullptr && names_artifact) return courier_->Deliver(key, event);
  Tell(key, event);
}

void RankProcesses::Tell(const RankKey& key, const v1::RunnerEvent& event) {
  board_.With([&](RankTable& table) { table.OnEvent(key, event); });
  if (event.has_checkpoint() || event.has_artifact()) board_.RingSynchronizer();
}

void RankProcesses::End(const RankKey& key, Rank& rank, ProcessEnd end) {
  v1::RankReport report = board_.With([&](RankTable& table) {
    table.OnEnded(key, end);
    return table.Report(key);
  });
  metrics_.CountExit(rank.kind, report.exit());
  AgentLog(absl::StrCat("ended: ", v1::RankReport::Exit_Name(report.exit()),
                        report.message().empty() ? "" : ", ", report.message()),
           SubjectOf(key, report.exit() == v1::RankReport::DONE ? "info" : "warning"));
  board_.RingSynchronizer();
}

}  // namespace bonsai
