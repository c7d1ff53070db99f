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

struct JobNews {
  uint32_t attempt = 0;  // 0: of the job as a whole
  std::string text;      // "starts on w1"
  bool bad = false;      // somebody should look
};

// One for each thing worth knowing.
std::vector<JobNews> DescribeJobChange(const v1::JobRecord* before, const v1::JobRecord& after);

// Counts what started and what ended, and logs the news.
void RecordJobChange(Metrics& metrics, const v1::JobRecord* before, const v1::JobRecord& after);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_JOB_JOURNAL_H_
