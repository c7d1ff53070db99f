#include "coordinator/scheduler/retry_set.h"

#include <algorithm>
#include <map>

#include "absl/container/btree_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bonsai {
namespace {

using Ids = absl::btree_set<std::string>;

bool CanBeginAgain(v1::JobState state) { return state == v1::FAILED || state == v1::CANCELLED; }

std::string StateWord(v1::JobState state) { return absl::AsciiStrToLower(v1::JobState_Name(state)); }

absl::Status StillCancelling(const std::string& job_id) {
  return absl::FailedPreconditionError(
      absl::StrCat(job_id, " is still being cancelled; try again once its processes have stopped"));
}

std::vector<std::string> InOrder(const v1::PipelineRecord& pipeline, const Ids& ids) {
  std::vector<std::string> ordered;
  for (const std::string& id : pipeline.job_ids()) {
    if (ids.count(id) > 0) ordered.push_back(id);
  }
  return ordered;
}

// The failed and cancelled jobs whose outputs it needs, directly or not.
absl::Status AddNeeded(const JobTable& jobs, const std::string& job_id, Ids& ids) {
  std::vector<std::string> todo = {job_id};
  while (!todo.empty()) {
    const v1::JobRecord& job = *jobs.Find(todo.back());
    todo.pop_back();
    for (const v1::ResolvedInput& input : job.inputs()) {
      const v1::JobRecord* needed = jobs.Find(input.job_id());
      if (needed == nullptr) continue;
      if (needed->state() == v1::CANCELLING) return StillCancelling(needed->id());
      if (CanBeginAgain(needed->state()) && ids.insert(needed->id()).second) todo.push_back(needed->id());
    }
  }
  return absl::OkStatus();
}

// Whether everything that the job needs is done, begins again or has not ended.
bool CanFollow(const JobTable& jobs, const v1::JobRecord& job, const Ids& ids) {
  return std::all_of(job.inputs().begin(), job.inputs().end(), [&](const v1::ResolvedInput& input) {
    const v1::JobRecord* needed = jobs.Find(input.job_id());
    return needed == nullptr || ids.count(needed->id()) > 0 ||
           !(CanBeginAgain(needed->state()) || needed->state() == v1::CANCELLING);
  });
}

bool Needs(const v1::JobRecord& job, const Ids& ids) {
  return std::any_of(job.inputs().begin(), job.inputs().end(),
                     [&](const v1::ResolvedInput& input) { return ids.count(input.job_id()) > 0; });
}

}  // namespace

absl::StatusOr<std::vector<std::string>> JobsToRetry(const JobTable& jobs,
                                                     const v1::PipelineRecord& pipeline) {
  Ids ids;
  std::map<v1::JobState, int> states;
  for (const std::string& id : pipeline.job_ids()) {
    const v1::JobState state = jobs.Find(id)->state();
    if (state == v1::CANCELLING) return StillCancelling(id);
    ++states[state];
    if (CanBeginAgain(state)) ids.insert(id);
  }
  if (!ids.empty()) return InOrder(pipeline, ids);
  const std::string counts = absl::StrJoin(states, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.second, " ", StateWord(entry.first));
  });
  return absl::FailedPreconditionError(
      absl::StrCat("nothing of ", pipeline.id(), " failed or was cancelled: ", counts));
}

absl::StatusOr<std::vector<std::string>> JobsToRetryWith(const JobTable& jobs,
                                                         const v1::PipelineRecord& pipeline,
                                                         const std::string& job_id) {
  const v1::JobState state = jobs.Find(job_id)->state();
  if (state == v1::CANCELLING) return StillCancelling(job_id);
  if (!CanBeginAgain(state)) {
    return absl::FailedPreconditionError(absl::StrCat(
        job_id, " is ", StateWord(state), "; only a job that failed or was cancelled can be retried"));
  }
  Ids ids = {job_id};
  if (absl::Status status = AddNeeded(jobs, job_id, ids); !status.ok()) return status;
  // Jobs may stand before those that they need: until nothing is added any more.
  for (size_t before = 0; before != ids.size();) {
    before = ids.size();
    for (const std::string& id : pipeline.job_ids()) {
      const v1::JobRecord& job = *jobs.Find(id);
      if (CanBeginAgain(job.state()) && Needs(job, ids) && CanFollow(jobs, job, ids)) ids.insert(id);
    }
  }
  return InOrder(pipeline, ids);
}

}  // namespace bonsai
