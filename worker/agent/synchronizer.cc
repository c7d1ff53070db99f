#include "worker/agent/synchronizer.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "worker/agent/agent_log.h"

namespace bonsai {
namespace {

constexpr absl::Duration kWaitMin = absl::Milliseconds(20);
constexpr absl::Duration kWaitMax = absl::Seconds(10);
constexpr absl::Duration kBackoffMin = absl::Milliseconds(100);
constexpr absl::Duration kBackoffMax = absl::Seconds(1);
// How long an ended rank waits for its last log bytes while the coordinator answers but does not take them.
constexpr absl::Duration kDrainMax = absl::Seconds(5);
// How long a worker that leaves waits for a coordinator that is away.
constexpr absl::Duration kFarewellMax = absl::Seconds(2);

bool IsAway(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

Synchronizer::Synchronizer(std::string worker_id, std::string session, std::function<v1::WorkerOffer()> offer,
                           CoordinatorLink& link, LogForwarder& logs, RankBoard& board, AgentMetrics& metrics,
                           std::function<void()> left)
    : worker_id_(std::move(worker_id)),
      session_(std::move(session)),
      offer_(std::move(offer)),
      link_(link),
      logs_(logs),
      board_(board),
      metrics_(metrics),
      left_(std::move(left)) {}

Synchronizer::~Synchronizer() {
  if (thread_.joinable()) thread_.join();
}

void Synchronizer::Start() {
  reached_ = absl::Now();
  thread_ = std::thread([this] { Run(); });
}

void Synchronizer::Run() {
  while (true) {
    bool more_logs = ForwardLogs();
    absl::Duration wait = Synchronize();
    if (board_.leaving() && MayLeave(absl::Now())) {
      left_();
      return;
    }
    // The bell does not shorten a backoff: the coordinator is away, whatever there is to say.
    if (failures_ > 0) {
      absl::SleepFor(wait);
      continue;
    }
    absl::SleepFor(kWaitMin);
    if (!more_logs) board_.WaitForBell(wait - kWaitMin);
  }
}

bool Synchronizer::ForwardLogs() {
  bool more = false;
  uint64_t before = logs_.bytes_forwarded();
  for (const auto& [key, ended] : board_.With([](RankTable& table) { return table.Ranks(); })) {
    absl::StatusOr<bool> all = logs_.Forward(key);
    if (!all.ok() && IsAway(all.status())) {
      draining_since_.erase(key);
      more = false;
      break;
    }
    if (all.ok() && !*all) more = true;
    if (!ended) continue;
    absl::Time since = draining_since_.try_emplace(key, absl::Now()).first->second;
    if ((all.ok() && *all) || (!all.ok() && absl::Now() - since > kDrainMax)) {
      board_.With([key = key](RankTable& table) { table.OnLogsForwarded(key); });
    }
  }
  metrics_.CountLogBytes(static_cast<double>(logs_.bytes_forwarded() - before));
  return more;
}

v1::SynchronizeRequest Synchronizer::MakeRequest() {
  v1::SynchronizeRequest request;
  request.set_worker_id(worker_id_);
  request.set_session(session_);
  request.set_sequence(++sequence_);
  *request.mutable_offer() = offer_();
  request.set_leaving(board_.leaving());
  std::map<v1::RankReport::Phase, int> phases;
  for (v1::RankReport& report : board_.With([](RankTable& table) { return table.Reports(); })) {
    ++phases[report.phase()];
    *request.add_ranks() = std::move(report);
  }
  metrics_.SetRanks(phases);
  return request;
}

absl::Duration Synchronizer::Synchronize() {
  v1::SynchronizeRequest request = MakeRequest();
  bool all_exited = std::all_of(request.ranks().begin(), request.ranks().end(),
                                [](const auto& rank) { return rank.phase() == v1::RankReport::EXITED; });
  absl::Time start = absl::Now();
  absl::StatusOr<v1::SynchronizeResponse> response = link_.Synchronize(request);
  absl::Time now = absl::Now();
  if (!response.ok()) {
    metrics_.CountSynchronizeFailure();
    std::string failure(response.status().message());
    if (failure != last_failure_) AgentLog(absl::StrCat("coordinator not reached: ", failure));
    last_failure_ = failure;
    return std::min(kBackoffMax, kBackoffMin * (1 << std::min(failures_++, 5)));
  }
  if (failures_ > 0) AgentLog("coordinator reached again");
  failures_ = 0;
  last_failure_.clear();
  reached_ = now;
  told_all_exited_ = request.leaving() && all_exited;
  metrics_.ObserveSynchronize(absl::ToDoubleSeconds(now - start));
  std::vector<v1::Task> desired(response->desired().begin(), response->desired().end());
  board_.Decide([&](RankTable& table) { return table.ApplyDesired(desired, now); });
  std::set<RankKey> kept;
  for (const auto& [key, ended] : board_.With([](RankTable& table) { return table.Ranks(); }))
    kept.insert(key);
  for (const v1::RankReport& report : request.ranks()) {
    RankKey key{report.job_id(), report.attempt(), report.rank()};
    if (kept.count(key) > 0) continue;
    logs_.Forget(key);
    draining_since_.erase(key);
  }
  return std::clamp(absl::Milliseconds(response->next_synchronize_ms()), kWaitMin, kWaitMax);
}

bool Synchronizer::MayLeave(absl::Time now) {
  if (told_all_exited_) return true;
  if (failures_ == 0 || now - reached_ < kFarewellMax) return false;
  // Nobody listens: leave once nothing runs any more.
  for (const auto& [key, ended] : board_.With([](RankTable& table) { return table.Ranks(); })) {
    if (!ended) return false;
  }
  return true;
}

}  // namespace bonsai
