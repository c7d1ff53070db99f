// One run of a small cluster under faults, drawn from a seed: clients submit and cancel, people pause, retry,
// drain and schedule; messages are lost, repeated and late; workers crash, fall silent for longer than their
// lease and come back, and leave; the coordinator falls over at any commit and comes back with another clock
// and configuration; its disk is slow; its clock jumps; checkpoints no longer verify. Then the faults stop,
// and every job must end.
#ifndef BONSAI_TESTS_SIMULATION_SIMULATION_H_
#define BONSAI_TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/simulation/fault_plan.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/random.h"
#include "tests/simulation/simulated_client.h"
#include "tests/simulation/simulated_clock.h"
#include "tests/simulation/simulated_coordinator.h"
#include "tests/simulation/simulated_operator.h"
#include "tests/simulation/simulated_worker.h"

namespace bonsai {

struct SimulationResult {
  std::string violation;  // the first, with the simulated time; empty if all held
  uint64_t digest = 0;
  int jobs = 0;
  int done = 0;
  int attempts = 0;
  int coordinator_crashes = 0;
  int resumes = 0;  // ranks that were started with a checkpoint to go on from
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

  bool faults() const { return now_ < faults_end_; }
  void Step();
  void RunCoordinator();
  void StartCoordinator();
  std::optional<std::vector<Action>> Handle(const Event& event);
  void RunClient();
  void RunOperator();
  void Ask(const Event& event);
  void RunWorkers();
  void HurtWorker(SimulatedWorker& worker);
  void Send(size_t worker);
  void DeliverDue();
  void Deliver(const Request& request);
  bool AllEnded() const;
  std::string DescribeUnended();
  SimulationResult Report(std::string violation);

  Random random_;
  const FaultPlan plan_;
  absl::Time now_;
  absl::Time faults_end_;
  SimulatedClock clock_;
  Ledger ledger_;
  Invariants invariants_;
  SimulatedCoordinator coordinator_;
  absl::Time coordinator_starts_;
  absl::Time disk_busy_until_;  // a commit takes so long; the coordinator hears nothing meanwhile
  std::vector<std::unique_ptr<SimulatedWorker>> workers_;
  std::vector<Request> in_flight_;
  SimulatedClient client_;
  SimulatedOperator operator_;
  int coordinator_crashes_ = 0;
  int resumes_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_SIMULATION_H_
