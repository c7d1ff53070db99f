// What a pack job made: the report.json of a tokens artifact, and the properties that `bonsai artifacts show`
// prints.
//
// Called by the pack runner. Pure functions.
#ifndef BONSAI_WORKER_DATA_PACK_REPORT_H_
#define BONSAI_WORKER_DATA_PACK_REPORT_H_

#include <string>
#include <utility>
#include <vector>

#include "worker/data/pack_plan.h"
#include "worker/data/pack_run.h"

namespace bonsai {

std::string WritePackReport(const PackPlan& plan, const PackResult& result);

// Names and values.
std::vector<std::pair<std::string, std::string>> PackProperties(const PackPlan& plan,
                                                                const PackResult& result);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PACK_REPORT_H_
