// What `schedule` prints.
//
// Pure; times are passed in.
#ifndef BONSAI_CLIENT_SCHEDULE_VIEW_H_
#define BONSAI_CLIENT_SCHEDULE_VIEW_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

std::string RenderSchedules(const v1::ListSchedulesResponse& response, absl::Time now, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_SCHEDULE_VIEW_H_
