// A Scheduler for tests: does what it is told, and writes down what it was asked.
#ifndef BONSAI_COORDINATOR_RPC_FAKE_SCHEDULER_H_
#define BONSAI_COORDINATOR_RPC_FAKE_SCHEDULER_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/scheduler/scheduler.h"

namespace bonsai {

class FakeScheduler : public Scheduler {
 public:
  using Rule = std::function<std::vector<Action>(absl::Time now, const Event& event)>;

  explicit FakeScheduler(Rule rule) : rule_(std::move(rule)) {}

  std::vector<Action> Apply(absl::Time now, const Event& event) override { return rule_(now, event); }
  std::optional<absl::Time> NextDeadline() const override {
    return next_deadline ? next_deadline() : std::nullopt;
  }
  std::vector<v1::WorkerStatus> ListWorkers(absl::Time) const override { return workers; }
  std::string ExplainPending(absl::string_view job_id) const override {
    return "waits for " + std::string(job_id);
  }
  absl::StatusOr<v1::ExplainJobResponse> Explain(absl::Time, absl::string_view) const override {
    return explanation;
  }
  // Of each job of the pipeline: that it can run.
  std::vector<v1::JobForecast> Forecast(absl::Time, const PipelineSubmitted& event) const override {
    std::vector<v1::JobForecast> forecasts;
    for (const v1::JobSpec& job : event.pipeline.jobs()) {
      forecasts.emplace_back().set_job(job.name());
      forecasts.back().set_can_run(true);
    }
    return forecasts;
  }
  std::vector<v1::TenantUsage> ListUsage(absl::Time) const override { return usage; }
  std::vector<v1::ScheduleRecord> ListSchedules() const override { return schedules; }

  std::function<std::optional<absl::Time>()> next_deadline;
  std::vector<v1::WorkerStatus> workers;
  absl::StatusOr<v1::ExplainJobResponse> explanation = v1::ExplainJobResponse();
  std::vector<v1::TenantUsage> usage;
  std::vector<v1::ScheduleRecord> schedules;

 private:
  const Rule rule_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_FAKE_SCHEDULER_H_
