#include "coordinator/scheduler/desired_state.h"

#include <tuple>

#include "absl/container/btree_set.h"
#include "coordinator/scheduler/task_builder.h"

namespace bonsai {
namespace {

using RankIds = absl::btree_set<std::tuple<std::string, uint32_t, uint32_t>>;

RankIds ReportedRanks(const v1::SynchronizeRequest& request) {
  RankIds ids;
  for (const v1::RankReport& report : request.ranks())
    ids.insert({report.job_id(), report.attempt(), report.rank()});
  return ids;
}

}  // namespace

std::vector<v1::Task> DesiredTasks(const v1::SynchronizeRequest& request, const v1::WorkerOffer& offer,
                                   const JobTable& jobs, const AttemptTable& attempts,
                                   const std::string& code_version, absl::Duration default_grace) {
  const RankIds reported = ReportedRanks(request);
  std::vector<v1::Task> tasks;
  for (const auto& [job_id, rank] : attempts.OnWorker(request.worker_id())) {
    const LiveAttempt& attempt = *attempts.Find(job_id);
    const RankSlot::State state = attempt.Find(rank)->state;
    // A recovered rank is not started again: whether it had been started is not known.
    if (attempt.ending() || state == RankSlot::kGone || state == RankSlot::kRecovered) continue;
    // An exited one is to be remembered until its attempt ends, but not to be run by a worker that does not
    // know it.
    if (state == RankSlot::kExited && reported.count({job_id, attempt.number(), rank}) == 0) continue;
    tasks.push_back(BuildTask(*jobs.Find(job_id), rank, offer, code_version, default_grace));
  }
  return tasks;
}

bool RunsJust(const std::vector<v1::Task>& tasks, const v1::SynchronizeRequest& request) {
  RankIds ids;
  for (const v1::Task& task : tasks) ids.insert({task.job_id(), task.attempt(), task.rank()});
  return ids == ReportedRanks(request);
}

}  // namespace bonsai
