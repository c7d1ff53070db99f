// What workers say, what they are told, and when silence is to be noticed.
#include <algorithm>
#include <utility>

#include "coordinator/scheduler/desired_state.h"
#include "coordinator/scheduler/meeting.h"
#include "coordinator/scheduler/table_scheduler.h"

namespace bonsai {
namespace {

// How soon a worker is to call again while something is about to change for it.
constexpr absl::Duration kSoon = absl::Milliseconds(150);
// A worker learns of a task when it calls: the fewer there are, the more often each may, so that all of them
// together call no more than 200 times a second, or once in an interval each.
constexpr absl::Duration kBetweenCalls = absl::Milliseconds(5);
constexpr absl::Duration kIntervalMin = absl::Milliseconds(100);

}  // namespace

absl::Status TableScheduler::Take(absl::Time now, const WorkerSynchronized& event) {
  absl::StatusOr<bool> replaced = Intake().Take(now, event, touched_);
  if (!replaced.ok()) return replaced.status();
  run_nothing_ = *replaced;
  return absl::OkStatus();
}

v1::SynchronizeResponse TableScheduler::AnswerWorker(const v1::SynchronizeRequest& request) const {
  v1::SynchronizeResponse response;
  response.set_lease_ms(absl::ToInt64Milliseconds(options_.lease));
  const absl::Duration paced =
      std::max(kIntervalMin, kBetweenCalls * static_cast<int64_t>(workers_.all().size()));
  const absl::Duration interval = std::min(paced, options_.synchronize_interval);
  response.set_next_synchronize_ms(absl::ToInt64Milliseconds(interval));
  if (run_nothing_) return response;
  std::vector<v1::Task> tasks = DesiredTasks(request, *workers_.Find(request.worker_id()), jobs_, attempts_,
                                             options_.code_version, options_.default_grace);
  SetMeetingPlaces(attempts_, workers_, tasks);
  if (!RunsJust(tasks, request)) {
    response.set_next_synchronize_ms(absl::ToInt64Milliseconds(std::min(kSoon, interval)));
  }
  for (v1::Task& task : tasks) *response.add_desired() = std::move(task);
  return response;
}

std::optional<absl::Time> TableScheduler::NextDeadline() const {
  const absl::Time next =
      std::min({workers_.NextExpiry(), attempts_.NextRecoveryDeadline(), clocks_.NextDeadline(),
                jobs_.NextRelease(), dispatcher_.NextLook(), schedules_.NextDue()});
  if (next == absl::InfiniteFuture()) return std::nullopt;
  return next;
}

}  // namespace bonsai
