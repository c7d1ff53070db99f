#include "coordinator/scheduler/job_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

bool HasAllInputs(const v1::JobRecord& job) {
  return std::none_of(job.inputs().begin(), job.inputs().end(),
                      [](const v1::ResolvedInput& input) { return input.artifact_id().empty(); });
}

}  // namespace

bool HasEnded(v1::JobState state) {
  return state == v1::DONE || state == v1::FAILED || state == v1::CANCELLED;
}

JobTable::JobTable(const std::map<std::string, v1::JobRecord>& records, absl::Time now) {
  for (const auto& [id, record] : records) {
    jobs_[id] = record;
    Index(record, now);
  }
}

void JobTable::Index(const v1::JobRecord& record, absl::Time now) {
  for (const v1::ResolvedInput& input : record.inputs()) {
    if (!input.job_id().empty()) dependents_[input.job_id()].insert(record.id());
  }
  if (record.state() == v1::READY) ready_[record.sequence()] = {record.id(), now};
}

void JobTable::Add(v1::JobRecord record, absl::Time now) {
  record.set_state(HasAllInputs(record) ? v1::READY : v1::WAITING);
  changed_.insert(record.id());
  Index(record, now);
  std::string id = record.id();
  jobs_[std::move(id)] = std::move(record);
}

const v1::JobRecord* JobTable::Find(absl::string_view id) const {
  auto it = jobs_.find(id);
  return it == jobs_.end() ? nullptr : &it->second;
}

v1::JobRecord& JobTable::Edit(const std::string& id) {
  changed_.insert(id);
  return jobs_.at(id);
}

void JobTable::SetState(const std::string& id, v1::JobState state, absl::string_view reason, absl::Time now) {
  v1::JobRecord& job = Edit(id);
  job.set_state(state);
  job.set_reason(std::string(reason));
  if (state == v1::READY) {
    ready_[job.sequence()] = {id, now};
  } else {
    ready_.erase(job.sequence());
  }
  if (HasEnded(state)) job.set_ended_unix_ms(absl::ToUnixMillis(now));
}

void JobTable::Finish(const std::string& id, const std::string& output_id, absl::Time now) {
  Edit(id).set_output_id(output_id);
  SetState(id, v1::DONE, "", now);
  auto it = dependents_.find(id);
  if (it == dependents_.end()) return;
  for (const std::string& dependent : it->second) {
    if (jobs_.at(dependent).state() != v1::WAITING) continue;
    v1::JobRecord& job = Edit(dependent);
    for (v1::ResolvedInput& input : *job.mutable_inputs()) {
      if (input.job_id() == id) input.set_artifact_id(output_id);
    }
    if (HasAllInputs(job)) SetState(dependent, v1::READY, "", now);
  }
}

void JobTable::Fail(const std::string& id, absl::string_view reason, absl::Time now) {
  const std::vector<std::string> dependents = Dependents(id);
  const std::string why = absl::StrCat(id, " failed: ", reason);
  SetState(id, v1::FAILED, reason, now);
  for (const std::string& dependent : dependents) SetState(dependent, v1::FAILED, why, now);
}

void JobTable::Cancel(const std::string& id, absl::string_view reason, absl::Time now) {
  const std::vector<std::string> dependents = Dependents(id);
  SetState(id, v1::CANCELLED, reason, now);
  for (const std::string& dependent : dependents) {
    SetState(dependent, v1::CANCELLED, absl::StrCat(id, " was cancelled"), now);
  }
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
      if (HasEnded(jobs_.at(dependent).state()) || !seen.insert(dependent).second) continue;
      found.push_back(dependent);
      todo.push_back(dependent);
    }
  }
  std::sort(found.begin(), found.end(), [&](const std::string& a, const std::string& b) {
    return jobs_.at(a).sequence() < jobs_.at(b).sequence();
  });
  return found;
}

std::vector<v1::JobRecord> JobTable::TakeChanged() {
  std::vector<v1::JobRecord> records;
  for (const std::string& id : std::exchange(changed_, {})) records.push_back(jobs_.at(id));
  return records;
}

}  // namespace bonsai
