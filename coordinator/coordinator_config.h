// The coordinator's configuration file: a v1.CoordinatorConfig in text format.
//
// Pure, but for ReadCoordinatorConfig, which reads the file.
#ifndef BONSAI_COORDINATOR_COORDINATOR_CONFIG_H_
#define BONSAI_COORDINATOR_COORDINATOR_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/config.pb.h"

namespace bonsai {

// Parses, checks and fills in defaults. InvalidArgument: "<file>:<line>:<column>: <field>: <what, and what
// would be valid>".
absl::StatusOr<v1::CoordinatorConfig> ParseCoordinatorConfig(absl::string_view file, absl::string_view text);

// As ParseCoordinatorConfig; NotFound or PermissionDenied if the file cannot be read.
absl::StatusOr<v1::CoordinatorConfig> ReadCoordinatorConfig(const std::string& path);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_COORDINATOR_CONFIG_H_
