#include "worker/agent/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/atomic_file.h"
#include "storage/file_bytes.h"
#include "worker/agent/agent_log.h"
#include "worker/agent/coordinator_link.h"
#include "worker/agent/gpu_ledger.h"
#include "worker/agent/leftover.h"
#include "worker/agent/log_forwarder.h"
#include "worker/agent/meeting_place.h"
#include "worker/agent/metrics.h"
#include "worker/agent/own_storage.h"
#include "worker/agent/rank_board.h"
#include "worker/agent/rank_processes.h"
#include "worker/agent/synchronizer.h"

namespace bonsai {
namespace {

constexpr absl::Duration kCallDeadline = absl::Seconds(5);
// Signals and pipes wake the loop; this is for what may be missed.
constexpr absl::Duration kPollMax = absl::Seconds(1);

sigset_t AgentSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGCHLD);
  return signals;
}

}  // namespace

struct Agent::Parts {
  Parts(v1::WorkerConfig worker_config, v1::WorkerOffer fixed_offer, std::string session,
        absl::Duration stop_grace, std::unique_ptr<OwnStorage> storage)
      : config(std::move(worker_config)),
        metrics(config.worker_id()),
        board(stop_grace),
        own_storage(std::move(storage)),
        gpus(LoadNvml(), config.gpus()),
        processes(config, board, metrics, gpus, own_storage == nullptr ? nullptr : &own_storage->courier()),
        link(config.coordinator_address(), config.coordinator_address_file(), kCallDeadline,
             config.security()),
        logs(config.work_dir(),
             [this](const v1::AppendLogRequest& request) { return link.AppendLog(request); }),
        left_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        offer(std::move(fixed_offer)),
        synchronizer(
            config.worker_id(), std::move(session), [this] { return OfferNow(); }, link, logs, board, metrics,
            [this] { eventfd_write(left_fd, 1); }) {
    if (own_storage != nullptr) own_storage->SetBoard(&board);
    sigset_t signals = AgentSignals();
    signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Parts() {
    for (int fd : {lock_fd, left_fd, signal_fd}) {
      if (fd >= 0) close(fd);
    }
  }

  // On the Synchronizer's thread.
  v1::WorkerOffer OfferNow() {
    v1::WorkerOffer now = offer;
    gpus.Refresh(absl::Now());
    gpus.Offer(now);
    now.set_rendezvous_address(meeting_place.AddressTowards(link.Address()));
    if (own_storage == nullptr) return now;
    for (const std::string& id : own_storage->cache().Artifacts()) now.add_cached_artifacts(id);
    return now;
  }

  const v1::WorkerConfig config;
  AgentMetrics metrics;
  RankBoard board;
  const std::unique_ptr<OwnStorage> own_storage;  // null where the worker shares the coordinator's
  GpuLedger gpus;
  MeetingPlace meeting_place;
  RankProcesses processes;
  CoordinatorLink link;
  LogForwarder logs;
  int left_fd;
  int signal_fd = -1;
  int lock_fd = -1;
  const v1::WorkerOffer offer;  // what does not change
  Synchronizer synchronizer;    // the last: its thread uses all of the above
};

void Agent::BlockSignals() {
  sigset_t signals = AgentSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

Agent::Agent(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Agent::~Agent() = default;

absl::StatusOr<std::unique_ptr<Agent>> Agent::Create(v1::WorkerConfig config, v1::WorkerOffer offer,
                                                     std::string session, absl::Duration stop_grace) {
  const std::string work_dir = config.work_dir();
  std::error_code error;
  std::filesystem::create_directories(RanksFolder(work_dir), error);
  if (error) return ErrnoStatus(error.value(), "make work_dir", work_dir);
  std::unique_ptr<OwnStorage> own_storage;
  if (config.streams_storage()) {
    absl::StatusOr<std::unique_ptr<OwnStorage>> opened = OwnStorage::Open(config);
    if (!opened.ok()) return opened.status();
    own_storage = *std::move(opened);
  }
  auto parts = std::make_unique<Parts>(std::move(config), std::move(offer), std::move(session), stop_grace,
                                       std::move(own_storage));
  if (parts->left_fd < 0 || parts->signal_fd < 0) return ErrnoStatus(errno, "open", "a signal descriptor");
  std::string lock = work_dir + "/lock";
  parts->lock_fd = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (parts->lock_fd < 0) return ErrnoStatus(errno, "open", lock);
  if (flock(parts->lock_fd, LOCK_EX | LOCK_NB) != 0) {
    return absl::UnavailableError(absl::StrCat("work_dir ", work_dir, " is in use by another bonsai-worker"));
  }
  if (size_t removed = RemoveLeftovers(work_dir); removed > 0) {
    AgentLog(absl::StrCat("removed what an earlier agent left of ", removed, " ranks"));
  }
  absl::StatusOr<std::string> address = parts->metrics.Serve(parts->config.metrics_address());
  if (!address.ok()) return address.status();
  absl::Status status = WriteFileAtomically(work_dir + "/metrics_address", *address + "\n");
  if (!status.ok()) return status;
  return std::unique_ptr<Agent>(new Agent(std::move(parts)));
}

void Agent::Run() {
  Parts& parts = *parts_;
  AgentLog(absl::StrCat(parts.config.worker_id(), " works in ", parts.config.work_dir()));
  parts.synchronizer.Start();
  while (true) {
    absl::Time deadline = parts.board.With([](RankTable& table) { return table.NextDeadline(); });
    absl::Duration wait = std::clamp(deadline - absl::Now(), absl::ZeroDuration(), kPollMax);
    std::vector<pollfd> fds = {
        {parts.signal_fd, POLLIN, 0}, {parts.left_fd, POLLIN, 0}, {parts.board.action_fd(), POLLIN, 0}};
    parts.processes.AddEvents(fds);
    if (parts.own_storage != nullptr) fds.push_back({parts.own_storage->courier().done_fd(), POLLIN, 0});
    poll(fds.data(), fds.size(),
         static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1)))));
    signalfd_siginfo signal_info;
    while (read(parts.signal_fd, &signal_info, sizeof signal_info) == sizeof signal_info) {
      if (signal_info.ssi_signo == SIGCHLD) continue;
      AgentLog("leaving: ranks are asked to stop");
      parts.board.StartLeaving(absl::Now());
    }
    parts.board.Decide([](RankTable& table) { return table.Tick(absl::Now()); });
    for (const RankAction& action : parts.board.TakeActions()) parts.processes.Do(action);
    parts.processes.Observe();
    parts.processes.ObserveCourier();
    if (fds[1].revents != 0) break;
  }
  RemoveLeftovers(parts.config.work_dir());
  AgentLog("left");
}

}  // namespace bonsai
