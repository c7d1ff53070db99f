// How many jobs wait, where and what for, and what those that run measure: what the metrics show of jobs.
//
// Filled by TakeCensus (coordinator/rpc), read by Metrics. A value.
#ifndef BONSAI_COORDINATOR_WEB_JOB_CENSUS_H_
#define BONSAI_COORDINATOR_WEB_JOB_CENSUS_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

// Running jobs whose samples are shown; those that were submitted first.
inline constexpr size_t kMeasuredJobsMax = 64;

struct JobCensus {
  // By queue, tenant and what they wait for: "inputs", "backoff" or "room".
  std::map<std::array<std::string, 3>, uint64_t> pending;
  std::map<std::array<std::string, 2>, uint64_t> running;  // by queue and tenant
  std::vector<v1::JobStatus> measured;                     // that run and have reported a sample
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_JOB_CENSUS_H_
