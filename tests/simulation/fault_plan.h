// What goes wrong in one simulation, and how often: drawn from its seed, so that each seed has troubles of
// its own.
#ifndef BONSAI_TESTS_SIMULATION_FAULT_PLAN_H_
#define BONSAI_TESTS_SIMULATION_FAULT_PLAN_H_

#include "tests/simulation/random.h"

namespace bonsai {

// Chances are for each message, commit, step (100 ms) or start, as said.
struct FaultPlan {
  double message_loss = 0;   // per message, both ways
  double message_delay = 0;  // per request: it comes late, or twice
  double commit_crash = 0;   // per commit: the coordinator falls over before or after it is durable
  double slow_commit = 0;    // per commit: the disk takes up to slow_commit_ms
  int slow_commit_ms = 0;
  double worker_fault = 0;  // per worker and step: it dies, falls silent or leaves
  double clock_jump = 0;    // per step: the coordinator's clock jumps forward
  double clock_set = 0;     // per start of the coordinator: its clock was set, back or forward
  double operation =
      0;  // per step: somebody pauses, resumes, retries, cordons, drains, or changes a schedule
  double blob_damage = 0;  // per checkpoint: its blobs will not verify
  double reconfigure = 0;  // per start of the coordinator: its configuration has changed

  static FaultPlan Draw(Random& random) {
    FaultPlan plan;
    plan.message_loss = 0.01 * static_cast<double>(random.Below(30));
    plan.message_delay = 0.01 * static_cast<double>(random.Below(30));
    plan.commit_crash = random.Chance(0.3) ? 0 : 0.001 * static_cast<double>(random.Below(100));
    plan.slow_commit = random.Chance(0.5) ? 0 : 0.005 * static_cast<double>(random.Below(20));
    // Now and then longer than a lease.
    plan.slow_commit_ms = random.Chance(0.2) ? 9000 : 800;
    plan.worker_fault = random.Chance(0.2) ? 0 : 0.0003 * static_cast<double>(random.Below(20));
    plan.clock_jump = random.Chance(0.7) ? 0 : 0.0005 * static_cast<double>(random.Below(10));
    plan.clock_set = random.Chance(0.5) ? 0 : 0.5;
    plan.operation = random.Chance(0.4) ? 0 : 0.004 * static_cast<double>(random.Below(10));
    plan.blob_damage = random.Chance(0.5) ? 0 : 0.3;
    plan.reconfigure = random.Chance(0.5) ? 0 : 0.5;
    return plan;
  }
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_FAULT_PLAN_H_
