#include "coordinator/scheduler/job_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/checkpoint_retention.h"

namespace bonsai {
namespace {

// A job that selects from a sweep has its output chosen, and never runs: it is WAITING until then.
bool HasAllInputs(const v1::JobRecord& job) {
  if (job.spec().sweep().selects()) return false;
  return std::none_of(job.inputs().begin(), job.inputs().end(),
                      [](const v1::ResolvedInput& input) { return input.artifact_id().empty(); });
}

std::string FormatInstant(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

// A clock that was set back while the coordinator was away: the job backs off for as long as it was to, not
// until the old clock's time comes again. How long that was is told from when its attempt ended by the same
// clock; where several clocks have left their times in the record, it is not more than the longest.
void FollowClock(absl::Time now, absl::Duration longest_backoff, v1::JobRecord& job) {
  if (job.attempts().empty()) return;
  const int64_t ended = job.attempts(job.attempts_size() - 1).ended_unix_ms();
  const int64_t now_ms = absl::ToUnixMillis(now);
  int64_t not_before = job.not_before_unix_ms();
  if (ended > now_ms && not_before > ended) not_before = now_ms + not_before - ended;
  not_before = std::min(not_before, absl::ToUnixMillis(now + longest_backoff));
  job.set_not_before_unix_ms(not_before);
}

}  // namespace

JobTable::JobTable(std::map<std::string, v1::JobRecord> records, absl::Time now,
                   absl::Duration longest_backoff)
    : jobs_(std::move(records)) {
  by_id_.reserve(jobs_.size());
  for (auto& [id, record] : jobs_) {
    by_id_.emplace(id, &record);
    FollowClock(now, longest_backoff, record);
    Index(record, now);
  }
}

void JobTable::Index(const v1::JobRecord& record, absl::Time now) {
  for (const v1::ResolvedInput& input : record.inputs()) {
    // One variant's end decides nothing.
    if (record.spec().sweep().selects()) break;
    if (!input.job_id().empty()) dependents_[input.job_id()].insert(record.id());
  }
  if (!HasEnded(record.state())) ++unended_[record.tenant()];
  Queue(record, now);
}

uint64_t JobTable::Unended(absl::string_view tenant) const {
  auto it = unended_.find(tenant);
  return it == unended_.end() ? 0 : it->second;
}

void JobTable::Queue(const v1::JobRecord& job, absl::Time now) {
  const absl::Time not_before = absl::FromUnixMillis(job.not_before_unix_ms());
  if (ready_.erase(job.sequence()) > 0) moved_.insert(job.id());
  backing_off_.erase({not_before, job.id()});
  if (job.state() == v1::READY && job.spec().reuse() && job.attempts().empty()) reusing_.insert(job.id());
  if (job.state() != v1::READY || paused_.count(job.pipeline_id()) > 0) return;
  if (not_before > now) {
    backing_off_.insert({not_before, job.id()});
  } else {
    ready_[job.sequence()] = {job.id(), now};
    moved_.insert(job.id());
  }
}

void JobTable::Add(v1::JobRecord record, absl::Time now, const std::string& actor) {
  record.set_state(HasAllInputs(record) ? v1::READY : v1::WAITING);
  history_.Add(record, now, {"submitted", "", actor});
  changed_.insert(record.id());
  Index(record, now);
  std::string id = record.id();
  auto it = jobs_.insert_or_assign(std::move(id), std::move(record)).first;
  by_id_[it->first] = &it->second;
}

const v1::JobRecord* JobTable::Find(absl::string_view id) const {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

v1::JobRecord& JobTable::Edit(const std::string& id) {
  changed_.insert(id);
  return *by_id_.at(id);
}

void JobTable::SetState(const std::string& id, v1::JobState state, absl::string_view reason, absl::Time now,
                        Happening happening) {
  v1::JobRecord& job = Edit(id);
  if (HasEnded(job.state()) && !HasEnded(state)) ++unended_[job.tenant()];
  if (!HasEnded(job.state()) && HasEnded(state)) --unended_[job.tenant()];
  job.set_state(state);
  job.set_reason(std::string(reason));
  Queue(job, now);
  NoteSweep(job);
  if (HasEnded(state)) {
    job.set_ended_unix_ms(absl::ToUnixMillis(now));
    RetainEndedCheckpoints(job);
  }
  if (happening.why.empty()) happening.why = std::string(reason);
  history_.Add(job, now, happening);
}

void JobTable::NoteSweep(const v1::JobRecord& job) {
  const v1::SweepPlace& sweep = job.spec().sweep();
  if (sweep.job().empty()) return;
  if (sweep.selects() ? job.state() == v1::WAITING : HasEnded(job.state())) {
    unsettled_sweeps_.insert(absl::StrCat(job.pipeline_id(), "/", sweep.job()));
  }
}

std::vector<std::string> JobTable::TakeUnsettledSweeps() {
  const absl::btree_set<std::string> ids = std::exchange(unsettled_sweeps_, {});
  return {ids.begin(), ids.end()};
}

void JobTable::Note(const std::string& id, absl::Time now, const Happening& happening) {
  history_.Add(Edit(id), now, happening);
}

void JobTable::TakeOutputs(v1::JobRecord& job) const {
  for (v1::ResolvedInput& input : *job.mutable_inputs()) {
    if (!input.artifact_id().empty() || input.job_id().empty()) continue;
    const v1::JobRecord* needed = Find(input.job_id());
    if (needed != nullptr && needed->state() == v1::DONE) input.set_artifact_id(needed->output_id());
  }
}

void JobTable::Finish(const std::string& id, const std::string& output_id, absl::Time now) {
  Edit(id).set_output_id(output_id);
  SetState(id, v1::DONE, "", now, {absl::StrCat("done with artifact ", output_id)});
  auto it = dependents_.find(id);
  if (it == dependents_.end()) return;
  for (const std::string& dependent : it->second) {
    if (by_id_.at(dependent)->state() != v1::WAITING) continue;
    v1::JobRecord& job = Edit(dependent);
    TakeOutputs(job);
    if (HasAllInputs(job)) SetState(dependent, v1::READY, "", now, {"ready", absl::StrCat(id, " is done")});
  }
}

void JobTable::Fail(const std::string& id, absl::string_view reason, absl::Time now) {
  const std::vector<std::string> dependents = Dependents(id);
  const std::string why = absl::StrCat(id, " failed: ", reason);
  SetState(id, v1::FAILED, reason, now, {"failed"});
  for (const std::string& dependent : dependents) SetState(dependent, v1::FAILED, why, now, {"failed"});
}

void JobTable::Cancel(const std::string& id, absl::string_view reason, absl::Time now,
                      const std::string& actor) {
  const std::vector<std::string> dependents = Dependents(id);
  SetState(id, v1::CANCELLED, reason, now, {"cancelled", "", actor});
  for (const std::string& dependent : dependents) {
    SetState(dependent, v1::CANCELLED, absl::StrCat(id, " was cancelled"), now, {"cancelled", "", actor});
  }
}

void JobTable::Retry(const std::string& id, absl::string_view reason, absl::Duration backoff, absl::Time now,
                     Happening happening) {
  // Whole milliseconds: a start never comes before the instant that the record names.
  const absl::Time not_before =
      absl::UnixEpoch() + absl::Ceil(now - absl::UnixEpoch() + backoff, absl::Milliseconds(1));
  Edit(id).set_not_before_unix_ms(backoff > absl::ZeroDuration() ? absl::ToUnixMillis(not_before) : 0);
  SetState(id, v1::READY, reason, now, std::move(happening));
  if (backoff <= absl::ZeroDuration()) return;
  Note(id, now, {absl::StrCat("backs off until ", FormatInstant(not_before))});
}

void JobTable::Reopen(const std::string& id, absl::Time now, const std::string& actor) {
  v1::JobRecord& job = Edit(id);
  job.set_failures(0);
  job.set_losses(0);
  job.set_preemptions(0);
  job.set_not_before_unix_ms(0);
  job.clear_excluded_workers();
  job.set_ended_unix_ms(0);
  TakeOutputs(job);
  SetState(id, HasAllInputs(job) ? v1::READY : v1::WAITING, "", now, {"retried", "", actor});
}

void JobTable::SetPaused(const v1::PipelineRecord& pipeline, bool paused, absl::Time now) {
  if (paused) {
    paused_.insert(pipeline.id());
  } else {
    paused_.erase(pipeline.id());
  }
  for (const std::string& id : pipeline.job_ids()) {
    if (const v1::JobRecord* job = Find(id); job != nullptr) Queue(*job, now);
  }
}

void JobTable::Release(absl::Time now) {
  while (!backing_off_.empty() && backing_off_.begin()->first <= now) {
    const std::string id = backing_off_.begin()->second;
    backing_off_.erase(backing_off_.begin());
    Queue(*by_id_.at(id), now);
  }
}

std::string JobTable::DescribeHold(const v1::JobRecord& job) const {
  if (job.state() != v1::READY) return "";
  if (paused_.count(job.pipeline_id()) > 0) return absl::StrCat("pipeline ", job.pipeline_id(), " is paused");
  const absl::Time not_before = absl::FromUnixMillis(job.not_before_unix_ms());
  if (backing_off_.count({not_before, job.id()}) == 0) return "";
  return absl::StrCat("backs off until ", FormatInstant(not_before), ": ", job.reason());
}

absl::Time JobTable::NextRelease() const {
  return backing_off_.empty() ? absl::InfiniteFuture() : backing_off_.begin()->first;
}

std::vector<std::string> JobTable::Dependents(const std::string& id) const {
  std::vector<std::string> found;
  absl::btree_set<std::string> seen = {id};
  std::vector<std::string> todo = {id};
  while (!todo.empty()) {
    auto it = dependents_.find(todo.back());
    todo.pop_back();
    if (it == dependents_.end()) continue;
    for (const std::string& dependent : it->second) {
      if (HasEnded(by_id_.at(dependent)->state()) || !seen.insert(dependent).second) continue;
      found.push_back(dependent);
      todo.push_back(dependent);
    }
  }
  std::sort(found.begin(), found.end(), [&](const std::string& a, const std::string& b) {
    return by_id_.at(a)->sequence() < by_id_.at(b)->sequence();
  });
  return found;
}

std::vector<v1::JobRecord> JobTable::TakeChanged() {
  std::vector<v1::JobRecord> records;
  for (const std::string& id : std::exchange(changed_, {})) records.push_back(*by_id_.at(id));
  return records;
}

}  // namespace bonsai
