// One run of a small cluster under faults, drawn from a seed: clients submit and cancel, messages are lost,
// repeated and late, workers crash, fall silent and leave, the coordinator falls over at any commit. Then the
// faults stop, and every job must end.
#ifndef BONSAI_TESTS_SIMULATION_SIMULATION_H_
#define BONSAI_TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/random.h"
#include "tests/simulation/simulated_coordinator.h"
#include "tests/simulation/simulated_worker.h"

namespace bonsai {

struct SimulationResult {
  std::string violation;  // the first, with the simulated time; empty if all held
  uint64_t digest = 0;
  int jobs = 0;
  int done = 0;
  int attempts = 0;
  int coordinator_crashes = 0;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed);

  SimulationResult Run();

 private:
  struct Request {
    v1::SynchronizeRequest request;
    size_t worker = 0;
    absl::Time due;
  };
  struct Submission {
    PipelineSubmitted event;
    bool acknowledged = false;
  };

  bool faults() const { return now_ < faults_end_; }
  void Step();
  void RunCoordinator();
  std::optional<std::vector<Action>> Handle(const Event& event);
  void RunClient();
  void RunWorkers();
  void HurtWorker(SimulatedWorker& worker);
  void Send(size_t worker);
  void DeliverDue();
  void Deliver(const Request& request);
  PipelineSubmitted DrawPipeline();
  bool AllEnded() const;
  std::string DescribeUnended();
  SimulationResult Report(std::string violation);

  Random random_;
  SchedulerOptions options_;
  absl::Time now_;
  absl::Time faults_end_;
  Ledger ledger_;
  Invariants invariants_;
  SimulatedCoordinator coordinator_;
  absl::Time coordinator_starts_;
  std::vector<std::unique_ptr<SimulatedWorker>> workers_;
  std::vector<Request> in_flight_;
  std::vector<Submission> submissions_;
  double message_loss_ = 0;
  double message_delay_ = 0;
  double commit_crash_ = 0;
  double worker_fault_ = 0;  // per worker and step
  int coordinator_crashes_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_SIMULATION_H_
