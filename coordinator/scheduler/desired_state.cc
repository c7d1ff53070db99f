#include "coordinator/scheduler/desired_state.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/string_view.h"
#include "coordinator/scheduler/placement.h"
#include "coordinator/scheduler/task_builder.h"

namespace bonsai {
namespace {

using RankId = std::tuple<absl::string_view, uint32_t, uint32_t>;

// Sorted.
std::vector<RankId> ReportedRanks(const v1::SynchronizeRequest& request) {
  std::vector<RankId> ids;
  for (const v1::RankReport& report : request.ranks())
    ids.push_back({report.job_id(), report.attempt(), report.rank()});
  std::sort(ids.begin(), ids.end());
  return ids;
}

bool Fits(const Room& room, const RankNeed& need, const std::string& device_id) {
  if (RanksThatFit(room, need) == 0) return false;
  return device_id.empty() || std::any_of(room.devices.begin(), room.devices.end(),
                                          [&](const v1::Device& device) { return device.id() == device_id; });
}

// What the processes that the worker reports leave free of it.
Room LeftByReported(const Worker& worker, const JobTable& jobs, const AttemptTable& attempts) {
  Room room = RoomOf(worker.id, worker.offer);
  for (const Stray& stray : worker.strays) Take(room, stray.need, stray.device_id);
  for (const auto& [job_id, rank] : attempts.OnWorker(worker.id)) {
    const RankSlot& slot = *attempts.Find(job_id)->Find(rank);
    if (slot.state == RankSlot::kReported) Take(room, NeedOf(jobs.Find(job_id)->spec()), slot.device_id);
  }
  return room;
}

}  // namespace

std::vector<v1::Task> DesiredTasks(const v1::SynchronizeRequest& request, const Worker& worker,
                                   const JobTable& jobs, const AttemptTable& attempts,
                                   const std::string& code_version, absl::Duration default_grace) {
  const std::vector<RankId> reported = ReportedRanks(request);
  // Without strays what was placed fits, or did when it was placed.
  Room room = worker.strays.empty() ? Room() : LeftByReported(worker, jobs, attempts);
  std::vector<v1::Task> tasks;
  for (const auto& [job_id, rank] : attempts.OnWorker(request.worker_id())) {
    const LiveAttempt& attempt = *attempts.Find(job_id);
    const RankSlot& slot = *attempt.Find(rank);
    const RankSlot::State state = slot.state;
    // A recovered rank is not started again: whether it had been started is not known.
    if (attempt.ending() || state == RankSlot::kGone || state == RankSlot::kRecovered) continue;
    if (std::binary_search(reported.begin(), reported.end(), RankId(job_id, attempt.number(), rank))) {
      v1::Task& named = tasks.emplace_back();
      named.set_job_id(job_id);
      named.set_attempt(attempt.number());
      named.set_rank(rank);
      continue;
    }
    // An exited one is to be remembered until its attempt ends, but not to be run by a worker that does not
    // know it.
    if (state == RankSlot::kExited) continue;
    if (state == RankSlot::kPlaced && !worker.strays.empty()) {
      const RankNeed need = NeedOf(jobs.Find(job_id)->spec());
      if (!Fits(room, need, slot.device_id)) continue;
      Take(room, need, slot.device_id);
    }
    tasks.push_back(BuildTask(*jobs.Find(job_id), rank, worker.offer, code_version, default_grace));
  }
  return tasks;
}

bool RunsJust(const std::vector<v1::Task>& tasks, const v1::SynchronizeRequest& request) {
  return static_cast<int>(tasks.size()) == request.ranks_size() &&
         std::none_of(tasks.begin(), tasks.end(), [](const v1::Task& task) { return task.has_spec(); });
}

}  // namespace bonsai
