// What `usage` prints.
//
// Pure.
#ifndef BONSAI_CLIENT_USAGE_VIEW_H_
#define BONSAI_CLIENT_USAGE_VIEW_H_

#include <cstddef>
#include <string>

#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

// What each tenant holds, of what it may hold at most, and what it has used.
std::string RenderUsage(const v1::GetUsageResponse& response, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_USAGE_VIEW_H_
