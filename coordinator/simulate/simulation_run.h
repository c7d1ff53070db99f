// A what-if simulation: the production scheduler over a described cluster and workload, in virtual time.
//
// Pure: the same Simulation gives the same report.
#ifndef BONSAI_COORDINATOR_SIMULATE_SIMULATION_RUN_H_
#define BONSAI_COORDINATOR_SIMULATE_SIMULATION_RUN_H_

#include "bonsai/v1/simulation.pb.h"

namespace bonsai {

// `simulation` was accepted by CheckSimulation. Jobs have one rank's work divided evenly over their ranks,
// workers never fail, and nothing takes time but the jobs themselves and leaving.
v1::SimulationReport RunSimulation(const v1::Simulation& simulation);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SIMULATE_SIMULATION_RUN_H_
