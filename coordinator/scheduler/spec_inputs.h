// The input fields of a spec, found by their `input_kinds` option: whatever a spec takes from other jobs,
// however deep in it the field lies.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_SPEC_INPUTS_H_
#define BONSAI_COORDINATOR_SCHEDULER_SPEC_INPUTS_H_

#include <string>
#include <vector>

#include "bonsai/v1/job.pb.h"

namespace bonsai {

struct SpecInput {
  std::string field;      // "pretrain.tokens", "submission.evaluations[0]"
  std::string value;      // "@job", an artifact's id, or "" where a field that must be set is not
  std::string kinds;      // '|'-separated
  bool optional = false;  // it may be left out
};

// In the order of the fields' numbers. An input that may be left out is absent when it is; every other one is
// there, set or not, if the message that holds it is set.
std::vector<SpecInput> ListSpecInputs(const v1::JobSpec& spec);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_SPEC_INPUTS_H_
