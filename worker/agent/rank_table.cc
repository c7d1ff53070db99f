#include "worker/agent/rank_table.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

// As runner/runner.h documents them.
v1::RankReport::Exit ExitOf(const ProcessEnd& end) {
  if (end.by_signal) return v1::RankReport::FAILED;
  switch (end.number) {
    case 0:
      return v1::RankReport::DONE;
    case 65:
      return v1::RankReport::BAD_INPUT;
    case 75:
      return v1::RankReport::PREEMPTED;
    default:
      return v1::RankReport::FAILED;
  }
}

}  // namespace

std::string ToString(const RankKey& key) {
  return absl::StrCat(key.job_id, " attempt ", key.attempt, " rank ", key.rank);
}

RankKey KeyOf(const v1::Task& task) { return {task.job_id(), task.attempt(), task.rank()}; }

RankTable::Rank* RankTable::Find(const RankKey& key) {
  auto found = ranks_.find(key);
  return found == ranks_.end() ? nullptr : &found->second;
}

void RankTable::Stop(const RankKey& key, Rank& rank, absl::Time now, std::vector<RankAction>& actions) {
  if (rank.stopping || rank.ended) return;
  rank.stopping = true;
  rank.stop_time = now;
  rank.report.set_phase(v1::RankReport::STOPPING);
  actions.push_back({RankAction::kStop, key, {}});
}

std::vector<RankAction> RankTable::ApplyDesired(const std::vector<v1::Task>& desired, absl::Time now) {
  std::vector<RankAction> actions;
  std::set<RankKey> wanted;
  for (const v1::Task& task : desired) wanted.insert(KeyOf(task));
  // What goes comes first: its place may be what the new ones were given.
  for (auto at = ranks_.begin(); at != ranks_.end();) {
    auto& [key, rank] = *at;
    if (wanted.count(key) > 0) {
      ++at;
    } else if (rank.report.phase() == v1::RankReport::EXITED) {
      actions.push_back({RankAction::kForget, key, {}});
      at = ranks_.erase(at);
    } else {
      Stop(key, rank, now, actions);
      ++at;
    }
  }
  if (leaving_) return actions;
  for (const v1::Task& task : desired) {
    RankKey key = KeyOf(task);
    // One that has exited is not started again: that would be a new attempt.
    auto [at, is_new] = ranks_.try_emplace(key);
    if (!is_new) continue;
    v1::RankReport& report = at->second.report;
    report.set_job_id(key.job_id);
    report.set_attempt(key.attempt);
    report.set_rank(key.rank);
    report.set_phase(v1::RankReport::STARTING);
    at->second.publishes = key.rank == 0;
    at->second.grace = task.grace_seconds() == 0 ? stop_grace_ : absl::Seconds(task.grace_seconds());
    actions.push_back({RankAction::kStart, key, task});
  }
  return actions;
}

std::vector<RankAction> RankTable::StopAll(absl::Time now) {
  leaving_ = true;
  std::vector<RankAction> actions;
  for (auto& [key, rank] : ranks_) Stop(key, rank, now, actions);
  return actions;
}

std::vector<RankAction> RankTable::Tick(absl::Time now) {
  std::vector<RankAction> actions;
  for (auto& [key, rank] : ranks_) {
    if (!rank.stopping || rank.ended || rank.killed || now < rank.stop_time + rank.grace) continue;
    rank.killed = true;
    actions.push_back({RankAction::kKill, key, {}});
  }
  return actions;
}

absl::Time RankTable::NextDeadline() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [key, rank] : ranks_) {
    if (rank.stopping && !rank.ended && !rank.killed) next = std::min(next, rank.stop_time + rank.grace);
  }
  return next;
}

void RankTable::OnStarted(const RankKey& key) {
  Rank* rank = Find(key);
  if (rank == nullptr) return;
  rank->report.clear_progress();
  if (!rank->stopping) rank->report.set_phase(v1::RankReport::RUNNING);
}

void RankTable::OnFetching(const RankKey& key, uint64_t done_bytes, uint64_t total_bytes) {
  Rank* rank = Find(key);
  if (rank == nullptr || rank->ended) return;
  v1::Progress& progress = *rank->report.mutable_progress();
  progress.set_step(done_bytes);
  progress.set_total_steps(total_bytes);
  progress.set_unit("bytes fetched");
  progress.set_eta_seconds(-1);
}

void RankTable::OnUndelivered(const RankKey& key, absl::string_view why) {
  Rank* rank = Find(key);
  if (rank != nullptr) rank->undelivered = std::string(why);
}

void RankTable::OnStartFailed(const RankKey& key, absl::string_view message, v1::RankReport::Exit exit) {
  Rank* rank = Find(key);
  if (rank == nullptr) return;
  rank->ended = true;
  rank->report.set_exit(exit);
  rank->report.set_message(std::string(message));
}

void RankTable::OnEvent(const RankKey& key, const v1::RunnerEvent& event) {
  Rank* rank = Find(key);
  if (rank == nullptr) return;
  v1::RankReport& report = rank->report;
  switch (event.event_case()) {
    case v1::RunnerEvent::kProgress:
      *report.mutable_progress() = event.progress();
      break;
    case v1::RunnerEvent::kSample:
      *report.mutable_sample() = event.sample();
      break;
    case v1::RunnerEvent::kCheckpoint:
      *report.mutable_checkpoint() = event.checkpoint();
      break;
    case v1::RunnerEvent::kArtifact:
      report.set_output_id(event.artifact().manifest_id());
      break;
    case v1::RunnerEvent::kFailure:
      rank->failure = event.failure().message();
      break;
    case v1::RunnerEvent::EVENT_NOT_SET:
      break;
  }
}

void RankTable::OnEnded(const RankKey& key, ProcessEnd end) {
  Rank* rank = Find(key);
  if (rank == nullptr || rank->ended) return;
  rank->ended = true;
  v1::RankReport& report = rank->report;
  report.set_exit(ExitOf(end));
  std::string how = absl::StrCat(end.by_signal ? "killed by signal " : "exit code ", end.number);
  if (rank->killed) absl::StrAppend(&how, ", ", absl::FormatDuration(rank->grace), " after SIGTERM");
  if (report.exit() == v1::RankReport::DONE && rank->publishes && report.output_id().empty()) {
    report.set_exit(rank->undelivered.empty() ? v1::RankReport::FAILED : v1::RankReport::WORKER_FAILED);
    how = rank->undelivered.empty()
              ? "exit code 0, but it reported no output"
              : absl::StrCat("its output did not reach the coordinator: ", rank->undelivered);
  }
  switch (report.exit()) {
    case v1::RankReport::DONE:
      break;
    case v1::RankReport::PREEMPTED:
      report.set_message("left on SIGTERM");
      break;
    default:
      report.set_message(rank->failure.empty() ? how : rank->failure);
  }
}

void RankTable::OnLogsForwarded(const RankKey& key) {
  Rank* rank = Find(key);
  if (rank != nullptr && rank->ended) rank->report.set_phase(v1::RankReport::EXITED);
}

std::vector<v1::RankReport> RankTable::Reports() const {
  std::vector<v1::RankReport> reports;
  for (const auto& [key, rank] : ranks_) {
    reports.push_back(rank.report);
    // How it ended is said together with that it ended.
    if (rank.report.phase() != v1::RankReport::EXITED) reports.back().clear_exit();
  }
  return reports;
}

std::vector<std::pair<RankKey, bool>> RankTable::Ranks() const {
  std::vector<std::pair<RankKey, bool>> found;
  for (const auto& [key, rank] : ranks_) found.emplace_back(key, rank.ended);
  return found;
}

bool RankTable::AllExited() const {
  for (const auto& [key, rank] : ranks_) {
    if (rank.report.phase() != v1::RankReport::EXITED) return false;
  }
  return true;
}

v1::RankReport RankTable::Report(const RankKey& key) const {
  auto found = ranks_.find(key);
  return found == ranks_.end() ? v1::RankReport() : found->second.report;
}

}  // namespace bonsai
