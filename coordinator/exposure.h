// Where a coordinator may listen: on loopback as it likes; beyond it only where every caller must show a
// certificate and a token, which is so of RPCs and never of HTTP.
//
// Pure.
#ifndef BONSAI_COORDINATOR_EXPOSURE_H_
#define BONSAI_COORDINATOR_EXPOSURE_H_

#include "absl/status/status.h"
#include "bonsai/v1/config.pb.h"

namespace bonsai {

// FailedPrecondition: which field, and how to make what is missing.
absl::Status CheckExposure(const v1::CoordinatorConfig& config);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_EXPOSURE_H_
