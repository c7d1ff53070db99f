// Whether a Simulation describes something that can be simulated.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SIMULATE_SIMULATION_CHECK_H_
#define BONSAI_COORDINATOR_SIMULATE_SIMULATION_CHECK_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/simulation.pb.h"

namespace bonsai {

// Reads the text format. InvalidArgument says where it is wrong.
absl::StatusOr<v1::Simulation> ParseSimulation(absl::string_view text);

// InvalidArgument names the field, its value, and what would do.
absl::Status CheckSimulation(const v1::Simulation& simulation);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SIMULATE_SIMULATION_CHECK_H_
