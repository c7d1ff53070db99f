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
    return v1::ExplainJobResponse();
  }
  std::vector<v1::JobForecast> Forecast(absl::Time, const PipelineSubmitted&) const override { return {}; }
  std::vector<v1::TenantUsage> ListUsage(absl::Time) const override { return {}; }
  std::vector<v1::ScheduleRecord> ListSchedules() const override { return {}; }

  std::function<std::optional<absl::Time>()> next_deadline;
  std::vector<v1::WorkerStatus> workers;

 private:
  const Rule rule_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_FAKE_SCHEDULER_H_
