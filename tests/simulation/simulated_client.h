// A user who submits pipelines drawn at random, repeats what was not answered (and now and then what was),
// and cancels.
#ifndef BONSAI_TESTS_SIMULATION_SIMULATED_CLIENT_H_
#define BONSAI_TESTS_SIMULATION_SIMULATED_CLIENT_H_

#include <string>
#include <vector>

#include "coordinator/scheduler/scheduler.h"
#include "tests/simulation/random.h"

namespace bonsai {

class SimulatedClient {
 public:
  struct Submission {
    PipelineSubmitted event;
    bool acknowledged = false;
  };

  explicit SimulatedClient(Random& random) : random_(random) {}

  // One more pipeline, unless there are enough.
  void DrawSubmission();
  // Those that are sent in this step, again or for the first time.
  std::vector<Submission*> Due();
  bool AllAcknowledged() const;
  // A job or a pipeline to cancel; empty if there is none.
  std::string DrawCancellation(const Records& kept);

 private:
  void DrawJob(int number, PipelineSubmitted& event);

  Random& random_;
  std::vector<Submission> submissions_;
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_SIMULATED_CLIENT_H_
