// A simulation's report, for people.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SIMULATE_REPORT_TEXT_H_
#define BONSAI_COORDINATOR_SIMULATE_REPORT_TEXT_H_

#include <string>

#include "bonsai/v1/simulation.pb.h"

namespace bonsai {

// Lines and two tables, of tenants and of queues.
std::string ReportText(const v1::SimulationReport& report);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SIMULATE_REPORT_TEXT_H_
