// Which of the known names somebody may have meant.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_NEAR_NAMES_H_
#define BONSAI_COORDINATOR_SCHEDULER_NEAR_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bonsai {

// The number of characters to insert, delete or replace to make one of the other (Levenshtein 1965).
size_t EditDistance(absl::string_view a, absl::string_view b);

// The nearest name, or "" if none is near: at most a third of its characters, and at least two, may differ.
std::string NearestName(absl::string_view name, const std::vector<std::string>& known);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_NEAR_NAMES_H_
