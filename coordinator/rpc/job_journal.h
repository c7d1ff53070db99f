// Tells people and Prometheus what became of jobs: for every committed change of a job, the lines of the log
// and the counters.
//
// Called on the loop's thread by the read model. DescribeJobChange is pure.
#ifndef BONSAI_COORDINATOR_RPC_JOB_JOURNAL_H_
#define BONSAI_COORDINATOR_RPC_JOB_JOURNAL_H_

#include <string>
#include <vector>

#include "bonsai/v1/job.pb.h"
#include "coordinator/web/metrics.h"

namespace bonsai {

// One line for each thing worth knowing, with job and attempt: "p1/pretrain attempt 1 starts on w1".
std::vector<std::string> DescribeJobChange(const v1::JobRecord* before, const v1::JobRecord& after);

// Counts the attempts that ended and logs the lines.
void RecordJobChange(Metrics& metrics, const v1::JobRecord* before, const v1::JobRecord& after);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_JOB_JOURNAL_H_
