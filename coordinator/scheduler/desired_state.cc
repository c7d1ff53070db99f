#include "coordinator/scheduler/desired_state.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/string_view.h"
#include "coordinator/scheduler/placement.h"
#include "coordinator/scheduler/task_builder.h"

namespace bonsai {
namespace {

using RankId = std::tuple<absl::string_view, uint32_t, uint32_t>;

RankId IdOf(const v1::RankReport& report) { return {report.job_id(), report.attempt(), report.rank()}; }

// Which ranks the request reports. Cheapest where they are asked for in the order in which they are there.
class ReportedRanks {
 public:
  explicit ReportedRanks(const v1::SynchronizeRequest& request) : request_(request) {}

  bool Contain(const RankId& id) {
    if (next_ < request_.ranks_size() && IdOf(request_.ranks(next_)) == id) {
      ++next_;
      return true;
    }
    if (sorted_.empty()) {
      for (const v1::RankReport& report : request_.ranks()) sorted_.push_back(IdOf(report));
      std::sort(sorted_.begin(), sorted_.end());
    }
    return std::binary_search(sorted_.begin(), sorted_.end(), id);
  }

 private:
  const v1::SynchronizeRequest& request_;
  int next_ = 0;
  std::vector<RankId> sorted_;
};

bool Fits(const Room& room, const RankNeed& need, const std::string& device_id) {
  if (RanksThatFit(room, need) == 0) return false;
  return device_id.empty() || std::any_of(room.devices.begin(), room.devices.end(),
                                          [&](const v1::Device& device) { return device.id() == device_id; });
}

// What the processes that the worker reports leave free of it.
Room LeftByReported(const Worker& worker, const JobTable& jobs, const AttemptTable& attempts) {
  Room room = RoomOf(worker.id, worker.offer);
  for (const Stray& stray : worker.strays) Take(room, stray.need, stray.device_id);
  for (const AttemptTable::RankOnWorker& on : attempts.OnWorker(worker.id)) {
    if (on.slot->state != RankSlot::kReported) continue;
    Take(room, NeedOf(jobs.Find(on.job_id)->spec()), on.slot->device_id);
  }
  return room;
}

}  // namespace

std::vector<v1::Task> DesiredTasks(const v1::SynchronizeRequest& request, const Worker& worker,
                                   const JobTable& jobs, const AttemptTable& attempts,
                                   const std::string& code_version, absl::Duration default_grace) {
  ReportedRanks reported(request);
  // Without strays what was placed fits, or did when it was placed.
  Room room = worker.strays.empty() ? Room() : LeftByReported(worker, jobs, attempts);
  const AttemptTable::Ranks& ranks = attempts.OnWorker(request.worker_id());
  std::vector<v1::Task> tasks;
  tasks.reserve(ranks.size());
  for (const AttemptTable::RankOnWorker& on : ranks) {
    const LiveAttempt& attempt = *on.attempt;
    const RankSlot& slot = *on.slot;
    const RankSlot::State state = slot.state;
    // A recovered rank is not started again: whether it had been started is not known.
    if (attempt.ending() || state == RankSlot::kGone || state == RankSlot::kRecovered) continue;
    if (reported.Contain({on.job_id, attempt.number(), on.rank})) {
      v1::Task& named = tasks.emplace_back();
      named.set_job_id(on.job_id);
      named.set_attempt(attempt.number());
      named.set_rank(on.rank);
      continue;
    }
    // An exited one is to be remembered until its attempt ends, but not to be run by a worker that does not
    // know it.
    if (state == RankSlot::kExited) continue;
    if (state == RankSlot::kPlaced && !worker.strays.empty()) {
      const RankNeed need = NeedOf(jobs.Find(on.job_id)->spec());
      if (!Fits(room, need, slot.device_id)) continue;
      Take(room, need, slot.device_id);
    }
    tasks.push_back(BuildTask(*jobs.Find(on.job_id), on.rank, worker.offer, code_version, default_grace));
  }
  return tasks;
}

bool RunsJust(const std::vector<v1::Task>& tasks, const v1::SynchronizeRequest& request) {
  return static_cast<int>(tasks.size()) == request.ranks_size() &&
         std::none_of(tasks.begin(), tasks.end(), [](const v1::Task& task) { return task.has_spec(); });
}

}  // namespace bonsai
