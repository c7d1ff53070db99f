// TableScheduler: what is submitted by the clock, and what becomes of sweeps.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/sweep_rungs.h"
#include "coordinator/scheduler/table_scheduler.h"

namespace bonsai {

absl::Status TableScheduler::Take(absl::Time now, const SchedulePut& event) {
  absl::StatusOr<v1::ScheduleRecord> record = schedules_.Put(now, event);
  if (!record.ok()) return record.status();
  ReplyScheduled reply;
  *reply.response.mutable_schedule() = *std::move(record);
  reply_ = std::move(reply);
  return absl::OkStatus();
}

absl::Status TableScheduler::Take(absl::Time, const ScheduleDeleted& event) {
  if (absl::Status dropped = schedules_.Drop(event); !dropped.ok()) return dropped;
  reply_ = ReplyScheduleDeleted{};
  return absl::OkStatus();
}

void TableScheduler::RunSchedules(absl::Time now) {
  std::optional<Action> reply = std::exchange(reply_, std::nullopt);
  ScheduleHost host;
  host.submit = [this, now](const PipelineSubmitted& event) -> absl::StatusOr<std::string> {
    reply_.reset();
    if (absl::Status taken = Take(now, event); !taken.ok()) return taken;
    return std::get<ReplySubmitted>(*reply_).response.pipeline_id();
  };
  host.ended = [this](const std::string& id) {
    const v1::PipelineRecord* pipeline = pipelines_.Find(id);
    if (pipeline == nullptr) return true;
    return std::all_of(pipeline->job_ids().begin(), pipeline->job_ids().end(), [this](const std::string& id) {
      const v1::JobRecord* job = jobs_.Find(id);
      return job == nullptr || HasEnded(job->state());
    });
  };
  host.has_artifact = [this](const std::string& id) { return artifacts_.count(id) > 0; };
  host.last_output = [this](const v1::ScheduleRecord& schedule, const std::string& job) {
    return LastOutput(schedule, job);
  };
  schedules_.Run(now, host);
  reply_ = std::move(reply);
}

std::string TableScheduler::LastOutput(const v1::ScheduleRecord& schedule, const std::string& job) const {
  // Their times are of as many digits for centuries, so the order of request ids is that of time.
  std::vector<const v1::PipelineRecord*> runs =
      pipelines_.FindRequests(schedule.tenant(), ScheduleRequestPrefix(schedule.name()));
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    const v1::JobRecord* record = jobs_.Find(absl::StrCat((*run)->id(), "/", job));
    if (record != nullptr && record->state() == v1::DONE) return record->output_id();
  }
  return "";
}

void TableScheduler::SettleSweeps(absl::Time now) {
  // One sweep's failure ends the variants of another that takes its output.
  for (auto ids = jobs_.TakeUnsettledSweeps(); !ids.empty(); ids = jobs_.TakeUnsettledSweeps()) {
    for (const std::string& id : ids) SettleSweep(id, now, pipelines_, jobs_, counters_);
  }
}

}  // namespace bonsai
