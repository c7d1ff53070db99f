// An order in which jobs can run one after another.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_JOB_ORDER_H_
#define BONSAI_COORDINATOR_SCHEDULER_JOB_ORDER_H_

#include <cstddef>
#include <vector>

namespace bonsai {

// needs[i] are the jobs that job i waits for, as indices into `needs`. Every job comes after all that it
// needs, and otherwise in the order given. Jobs of a cycle, and those behind it, are left out.
std::vector<size_t> TopologicalOrder(const std::vector<std::vector<size_t>>& needs);

// The jobs of one cycle, each needing the next and the last the first; empty if there is none.
std::vector<size_t> FindCycle(const std::vector<std::vector<size_t>>& needs);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_JOB_ORDER_H_
