// How often secret suites may be asked: evaluations that name a holdout, of one tenant, in any 24 hours. Who
// may ask without end can find out a secret suite's answers, one question at a time. Counted from the jobs'
// records, so that a restart forgets none; parts of a split evaluation and retries count once.
//
// Called by the Scheduler when a pipeline is submitted, by hand or by a schedule. Pure.
#ifndef BONSAI_COORDINATOR_SCHEDULER_HOLDOUT_QUOTA_H_
#define BONSAI_COORDINATOR_SCHEDULER_HOLDOUT_QUOTA_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/scheduler/job_table.h"
#include "coordinator/scheduler/scheduler.h"

namespace bonsai {

inline constexpr absl::Duration kHoldoutWindow = absl::Hours(24);

// The lowest cap that any of the tracks sets, for which of them an evaluation is for does not show in it; 0
// if none does.
uint32_t HoldoutQueriesPerDay(const std::vector<v1::Track>& tracks);

// ResourceExhausted names the cap, what counts against it and when the pipeline would be taken, if ever.
// `is_holdout` says it of an artifact by its id. cap 0: no limit.
absl::Status CheckHoldoutQueries(const PipelineSubmitted& event, const JobTable& jobs,
                                 const std::function<bool(absl::string_view)>& is_holdout, uint32_t cap,
                                 absl::Time now);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_HOLDOUT_QUOTA_H_
