#include "tests/simulation/simulated_operator.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr int kScheduleNames = 2;

}  // namespace

v1::Pipeline NightlyPipeline() {
  v1::Pipeline pipeline;
  pipeline.set_name("nightly");
  v1::JobSpec& job = *pipeline.add_jobs();
  job.set_name("job");
  job.mutable_data();
  return pipeline;
}

std::string SimulatedOperator::AnyPipeline(const Records& kept) {
  if (kept.pipelines.empty()) return "p1";
  return std::next(kept.pipelines.begin(), static_cast<ptrdiff_t>(random_.Below(kept.pipelines.size())))
      ->first;
}

std::string SimulatedOperator::AnyJobOrPipeline(const Records& kept) {
  if (kept.jobs.empty() || random_.Chance(0.3)) return AnyPipeline(kept);
  return std::next(kept.jobs.begin(), static_cast<ptrdiff_t>(random_.Below(kept.jobs.size())))->first;
}

Event SimulatedOperator::Draw(const Records& kept, const std::vector<std::string>& workers) {
  const uint64_t kind = random_.Below(10);
  if (kind < 2) return PauseRequested{AnyPipeline(kept), /*resume=*/false, {}};
  if (kind < 4) return PauseRequested{AnyPipeline(kept), /*resume=*/true, {}};
  if (kind < 6) return RetryRequested{AnyJobOrPipeline(kept), {}};
  if (kind < 8) {
    WorkerSet set;
    set.request.set_worker_id(workers[random_.Below(workers.size())]);
    set.request.set_action(random_.Chance(0.4)   ? v1::SetWorkerRequest::UNCORDON
                           : random_.Chance(0.5) ? v1::SetWorkerRequest::CORDON
                                                 : v1::SetWorkerRequest::DRAIN);
    set.request.set_reason("simulated");
    return set;
  }
  const std::string name = absl::StrCat("schedule-", random_.Below(kScheduleNames));
  if (kind == 8) return ScheduleDeleted{name, {}};
  SchedulePut put;
  put.schedule.set_name(name);
  put.schedule.set_cron(random_.Chance(0.5) ? "* * * * *" : "*/2 * * * *");
  *put.schedule.mutable_pipeline() = NightlyPipeline();
  put.schedule.set_catch_up(static_cast<v1::ScheduleRecord::CatchUp>(random_.Below(3)));
  put.schedule.set_overlap(random_.Chance(0.5));
  put.inputs.emplace_back();
  return put;
}

std::vector<Event> SimulatedOperator::Undo(const Records& kept) const {
  std::vector<Event> events;
  for (const auto& [id, pipeline] : kept.pipelines) {
    if (pipeline.paused()) events.push_back(PauseRequested{id, /*resume=*/true, {}});
  }
  for (const auto& [id, worker] : kept.workers) {
    WorkerSet set;
    set.request.set_worker_id(id);
    set.request.set_action(v1::SetWorkerRequest::UNCORDON);
    events.push_back(std::move(set));
  }
  for (const auto& [name, schedule] : kept.schedules) events.push_back(ScheduleDeleted{name, {}});
  return events;
}

}  // namespace bonsai
