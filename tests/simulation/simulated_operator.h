// People at work on a cluster: they pause and resume pipelines, retry what failed, cordon and drain workers,
// put and delete schedules, cancel. What they did is undone at the end, so that every job can end.
#ifndef BONSAI_TESTS_SIMULATION_SIMULATED_OPERATOR_H_
#define BONSAI_TESTS_SIMULATION_SIMULATED_OPERATOR_H_

#include <string>
#include <vector>

#include "coordinator/scheduler/scheduler.h"
#include "tests/simulation/random.h"

namespace bonsai {

class SimulatedOperator {
 public:
  explicit SimulatedOperator(Random& random) : random_(random) {}

  // What somebody asks for next. `kept` is what they see.
  Event Draw(const Records& kept, const std::vector<std::string>& workers);

  // What is left to be undone: the first of it, if any.
  std::vector<Event> Undo(const Records& kept) const;

 private:
  std::string AnyPipeline(const Records& kept);
  std::string AnyJobOrPipeline(const Records& kept);

  Random& random_;
};

// A pipeline of one data job, for schedules.
v1::Pipeline NightlyPipeline();

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_SIMULATED_OPERATOR_H_
