// When jobs are likely to start and end: a run of the production scheduler from what is known now, in virtual
// time. What is not known (a running job that says nothing of its end and has no time limit, of a kind of
// which none was done before) never ends in it, so that an estimate that rests on it is given as not known
// instead of guessed.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_FORECAST_H_
#define BONSAI_COORDINATOR_SCHEDULER_FORECAST_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/scheduler/duration_means.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/scheduler/virtual_cluster.h"

namespace bonsai {

// What rank 0 of a running job said last.
struct ReportedProgress {
  v1::Progress progress;
  absl::Time time;
};

// The cluster as it is.
struct ClusterSnapshot {
  Records records;  // of what has not ended
  std::vector<VirtualCluster::Worker> workers;
  absl::btree_map<std::string, ReportedProgress> progress;  // by job
};

using MakeScheduler = std::function<std::unique_ptr<Scheduler>(const SchedulerOptions&, Records, absl::Time)>;

struct ForecastResult {
  std::map<std::string, v1::JobForecast> jobs;  // by id
  absl::Status submitted;                       // whether the submission was accepted, if there was one
};

// The start, end and workers of each of the jobs, by id, and what they were estimated from; absent for one
// that was not seen to start. `submitted`, if given, comes first: its jobs are wanted as well. The run is
// bounded: by 60 days of virtual time, and by a number of steps that falls with the number of jobs and
// workers.
ForecastResult RunForecast(const ClusterSnapshot& snapshot, const SchedulerOptions& options,
                           const DurationMeans& means, const MakeScheduler& make,
                           const std::vector<std::string>& job_ids,
                           const std::optional<PipelineSubmitted>& submitted, absl::Time now);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_FORECAST_H_
