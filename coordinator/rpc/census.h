// Counts the jobs of the read model for the metrics.
#ifndef BONSAI_COORDINATOR_RPC_CENSUS_H_
#define BONSAI_COORDINATOR_RPC_CENSUS_H_

#include "absl/time/time.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/web/job_census.h"

namespace bonsai {

// Looks at every job that is on record: some milliseconds for 100,000 of them.
JobCensus TakeCensus(const ReadModel& model, absl::Time now);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_CENSUS_H_
