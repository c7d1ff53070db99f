// The table that `jobs` prints.
//
// Pure.
#ifndef BONSAI_CLIENT_JOB_TABLE_H_
#define BONSAI_CLIENT_JOB_TABLE_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

std::string RenderJobTable(const v1::ListJobsResponse& response, absl::Time now, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_JOB_TABLE_H_
