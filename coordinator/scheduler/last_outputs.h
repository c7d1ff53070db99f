// Inputs of a schedule's pipeline that stand for what an earlier run of it made: "@last:<job>" is the output
// of that job in the newest run in which it is done. In the first run there is none, so only inputs that may
// be left out can be told so.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_LAST_OUTPUTS_H_
#define BONSAI_COORDINATOR_SCHEDULER_LAST_OUTPUTS_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

// Whether an input's value is "@last:<job>"; `job` gets the name, if it is not null.
bool IsLastOutput(absl::string_view value, std::string* job = nullptr);

// Puts artifacts' ids in the places of all "@last:<job>"; a field for which there is none (an empty string)
// is left out. `last` gives the output of the job of that name.
void FillLastOutputs(const std::function<std::string(const std::string& job)>& last, v1::Pipeline& pipeline);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_LAST_OUTPUTS_H_
