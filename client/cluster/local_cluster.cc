#include "client/cluster/local_cluster.h"

#include <google/protobuf/text_format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/cluster/child_process.h"
#include "client/cluster/cluster_plan.h"
#include "client/cluster/folder_lock.h"
#include "client/cluster/machine.h"
#include "client/cluster/signal_queue.h"
#include "client/cluster/supervisor.h"
#include "client/credential_files.h"
#include "client/credential_folder.h"
#include "client/figures.h"
#include "client/install_tree.h"
#include "client/json_output.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kTick = absl::Milliseconds(100);
// Workers listen a moment after they start; their metrics are not worth waiting for longer.
constexpr absl::Duration kMetricsBound = absl::Seconds(5);
constexpr absl::Duration kStartBound = absl::Seconds(60);
// Runners write a checkpoint when they are asked to leave.
constexpr absl::Duration kWorkerStopBound = absl::Seconds(20);
constexpr absl::Duration kCoordinatorStopBound = absl::Seconds(10);
constexpr int kQuickEndsMax = 4;
constexpr uintmax_t kLogBytesMax = 16 << 20;
constexpr int kLogTailLines = 5;
constexpr char kCoordinator[] = "coordinator";

// Identifies a version of a file: a file that was replaced has another one.
std::pair<ino_t, int64_t> FileVersion(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return {0, 0};
  return {facts.st_ino, facts.st_mtim.tv_sec * 1000000000LL + facts.st_mtim.tv_nsec};
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return std::string(absl::StripAsciiWhitespace(line));
}

absl::Status WriteWhole(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  std::ofstream(temporary, std::ios::trunc) << text;
  std::error_code error;
  if (fs::file_size(temporary, error) != text.size() || error ||
      std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

// Where a daemon writes the address of its metrics.
std::string MetricsFile(const std::string& dir) { return dir + "/metrics_address"; }

std::string LogTail(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back("  " + line);
    if (lines.size() > kLogTailLines) lines.erase(lines.begin());
  }
  return lines.empty() ? "  (it is empty)" : absl::StrJoin(lines, "\n");
}

class LocalCluster {
 public:
  LocalCluster(const LocalClusterOptions& options, Session& session)
      : options_(options), session_(session), tree_(InstallTree::OfThisProgram()) {}
  ~LocalCluster() {
    if (!dir_.empty()) unlink((dir_ + "/address").c_str());
  }

  absl::StatusOr<int> Run() {
    if (absl::Status status = CheckPrograms(); !status.ok()) return status;
    if (absl::Status status = MakeFolders(); !status.ok()) return status;
    const auto lock = FolderLock::Take(fs::absolute(session_.dir).string());
    if (!lock.ok()) return lock.status();
    dir_ = fs::absolute(session_.dir).lexically_normal().string();
    // One that was killed left its address behind.
    unlink((dir_ + "/address").c_str());
    if (absl::Status status = WriteConfigs(); !status.ok()) return status;

    const SignalQueue signals;
    // Runners whose agents died become ours, and end with us.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    Supervisor supervisor({.say = [this](const std::string& line) { Say(line); }});
    absl::Status status = Start(supervisor);
    if (status.ok()) status = Attend(supervisor, signals);
    StopAll(supervisor, signals);
    if (!status.ok()) return status;
    Say("stopped; nothing runs any more");
    return kExitOk;
  }

 private:
  void Say(const std::string& line) {
    (session_.json ? session_.err : session_.out) << "bonsai: " << line << std::endl;
  }

  std::string LogPath(const std::string& name) const { return absl::StrCat(dir_, "/log/", name, ".log"); }

  absl::Status CheckPrograms() const {
    for (const char* program : {"bonsai-coordinator", "bonsai-worker"}) {
      if (access(absl::StrCat(tree_.bin_dir, "/", program).c_str(), X_OK) != 0) {
        return absl::FailedPreconditionError(
            absl::StrCat("there is no program ", program, " beside this one in ", tree_.bin_dir,
                         "; `bazel build //deploy:dist` makes a folder with all of them"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status MakeFolders() const {
    for (const char* part : {"", "/config", "/state", "/storage", "/log"}) {
      std::error_code error;
      const std::string path = session_.dir + part;
      fs::create_directories(path, error);
      if (error)
        return absl::FailedPreconditionError(absl::StrCat("cannot create ", path, ": ", error.message()));
    }
    return absl::OkStatus();
  }

  absl::Status WriteConfigs() {
    ClusterFolders folders{dir_, tree_.bin_dir, tree_.share_dir};
    if (options_.secure) folders.credentials_dir = CredentialsFolder(dir_);
    plan_ = PlanCluster(options_.workers, LookAtMachine(), folders);
    if (options_.secure) {
      absl::Status completed = CredentialFolder(folders.credentials_dir, absl::Now()).Complete(plan_.workers);
      if (!completed.ok()) return completed;
      plan_.notes.push_back(absl::StrCat("certificates and tokens: ", folders.credentials_dir));
    }
    absl::Status status = WriteConfig(kCoordinator, plan_.coordinator);
    for (const v1::WorkerConfig& worker : plan_.workers)
      status.Update(WriteConfig(worker.worker_id(), worker));
    return status;
  }

  absl::Status WriteConfig(const std::string& name, const google::protobuf::Message& config) const {
    std::string text;
    google::protobuf::TextFormat::PrintToString(config, &text);
    return WriteWhole(absl::StrCat(dir_, "/config/", name, ".textproto"), text);
  }

  absl::Status Start(Supervisor& supervisor) {
    state_address_ = plan_.coordinator.state_dir() + "/address";
    address_version_ = FileVersion(state_address_);
    absl::Status status = StartPart(supervisor, kCoordinator, "bonsai-coordinator");
    for (const v1::WorkerConfig& worker : plan_.workers) {
      unlink(MetricsFile(worker.work_dir()).c_str());
      if (status.ok()) status = StartPart(supervisor, worker.worker_id(), "bonsai-worker");
    }
    return status;
  }

  absl::Status StartPart(Supervisor& supervisor, const std::string& name, const std::string& program) {
    std::error_code none;
    const std::string log = LogPath(name);
    if (fs::file_size(log, none) > kLogBytesMax && !none) fs::rename(log, log + ".1", none);
    return supervisor.Start({name,
                             {absl::StrCat(tree_.bin_dir, "/", program),
                              absl::StrCat("--config=", dir_, "/config/", name, ".textproto")},
                             log},
                            absl::Now());
  }

  // Until a signal asks to stop.
  absl::Status Attend(Supervisor& supervisor, const SignalQueue& signals) {
    const absl::Time start_bound = absl::Now() + kStartBound;
    while (true) {
      const int number = signals.Wait(kTick);
      if (number != 0 && number != SIGCHLD) return absl::OkStatus();
      const absl::Time now = absl::Now();
      supervisor.Reap(now);
      supervisor.RestartDue(now);
      if (absl::Status status = FollowAddress(); !status.ok()) return status;
      if (!ready_) PrintWhenReady();
      if (!ready_ && (supervisor.QuickEnds(kCoordinator) >= kQuickEndsMax || now > start_bound)) {
        return absl::FailedPreconditionError(
            absl::StrCat("the coordinator does not come up; the end of its log ", LogPath(kCoordinator),
                         ":\n", LogTail(LogPath(kCoordinator))));
      }
    }
  }

  // Copies the coordinator's address to where clients look, whenever it changes.
  absl::Status FollowAddress() {
    const auto version = FileVersion(state_address_);
    if (version == address_version_ || version.first == 0) return absl::OkStatus();
    const std::string address = FirstLine(state_address_);
    if (address.empty() || !Accepts(address)) return absl::OkStatus();
    address_version_ = version;
    if (absl::Status status = WriteWhole(dir_ + "/address", address + "\n"); !status.ok()) return status;
    plan_.coordinator.set_listen_address(address);
    serving_since_ = std::min(serving_since_, absl::Now());
    return absl::OkStatus();
  }

  // Once the coordinator answers, and the workers say where their metrics are (or take long to do so).
  void PrintWhenReady() {
    const absl::Time now = absl::Now();
    if (now < serving_since_) return;
    plan_.coordinator.set_metrics_address(FirstLine(MetricsFile(plan_.coordinator.state_dir())));
    bool all_there = true;
    for (v1::WorkerConfig& worker : plan_.workers) {
      worker.set_metrics_address(FirstLine(MetricsFile(worker.work_dir())));
      all_there = all_there && !worker.metrics_address().empty();
    }
    if (!all_there && now < serving_since_ + kMetricsBound) return;
    PrintReady();
    ready_ = true;
  }

  void PrintReady() {
    if (session_.json) {
      session_.out << ToJsonLine(plan_.coordinator) << std::flush;
      return;
    }
    std::vector<std::string> devices, metrics;
    uint32_t cpus = 0;
    for (const v1::WorkerConfig& worker : plan_.workers) {
      cpus += worker.cpus();
      metrics.push_back(absl::StrCat(worker.worker_id(), " http://", worker.metrics_address(), "/metrics"));
      for (const v1::Device& device : worker.devices()) {
        devices.push_back(absl::StrCat(device.id(), " (", device.target(),
                                       device.emulated() ? ", emulated by qemu-user)" : ")"));
      }
    }
    const size_t workers = plan_.workers.size();
    session_.out << absl::StrCat(
        "bonsai: a cluster runs: coordinator at ", plan_.coordinator.listen_address(), ", ", workers,
        workers == 1 ? " worker, " : " workers, ", cpus, cpus == 1 ? " CPU" : " CPUs", "\n", "  folder   ",
        dir_, " (logs in log/, artifacts in storage/)\n", "  devices  ", absl::StrJoin(devices, ", "), "\n",
        "  metrics  coordinator http://", plan_.coordinator.metrics_address(), "/metrics, ",
        absl::StrJoin(metrics, ", "), "\n");
    for (const std::string& note : plan_.notes) session_.out << "  note     " << note << "\n";
    session_.out << "  next     bonsai submit FILE --watch; Ctrl-C here stops everything" << std::endl;
  }

  // Workers first: their runners leave checkpoints, which the coordinator records.
  void StopAll(Supervisor& supervisor, const SignalQueue& signals) {
    Say("stopping (Ctrl-C again: at once)");
    bool hurry = false;
    const auto hurried = [&] {
      const int number = signals.Wait(absl::ZeroDuration());
      hurry = hurry || (number != 0 && number != SIGCHLD);
      return hurry;
    };
    supervisor.Stop([](const std::string& name) { return name != kCoordinator; }, kWorkerStopBound, hurried);
    supervisor.Stop([](const std::string& name) { return name == kCoordinator; }, kCoordinatorStopBound,
                    hurried);
    KillAllChildren();
  }

  const LocalClusterOptions options_;
  Session& session_;
  const InstallTree tree_;
  std::string dir_;  // absolute; empty until it is locked
  ClusterPlan plan_;
  std::string state_address_;
  std::pair<ino_t, int64_t> address_version_;
  absl::Time serving_since_ = absl::InfiniteFuture();
  bool ready_ = false;
};

}  // namespace

absl::StatusOr<int> RunLocalCluster(const LocalClusterOptions& options, Session& session) {
  return LocalCluster(options, session).Run();
}

}  // namespace bonsai
