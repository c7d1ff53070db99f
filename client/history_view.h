// What `history` prints.
//
// Pure.
#ifndef BONSAI_CLIENT_HISTORY_VIEW_H_
#define BONSAI_CLIENT_HISTORY_VIEW_H_

#include <cstddef>
#include <string>

#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

// One line for each thing that happened, the first one first: when (local time), who, what, the state after
// it, and why.
std::string RenderHistory(const v1::GetHistoryResponse& response, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_HISTORY_VIEW_H_
