// The coordinator's clock: it runs with the simulation's, jumps forward, and is set (back, too) while the
// coordinator is down. What the coordinator reads never goes backwards while it runs, which is what its
// driver promises.
#ifndef BONSAI_TESTS_SIMULATION_SIMULATED_CLOCK_H_
#define BONSAI_TESTS_SIMULATION_SIMULATED_CLOCK_H_

#include <algorithm>

#include "absl/time/time.h"

namespace bonsai {

class SimulatedClock {
 public:
  // `truth` is the simulation's time.
  absl::Time Read(absl::Time truth) {
    last_ = std::max(last_, truth + skew_);
    return last_;
  }
  // Somebody sets the wall's clock. A running coordinator counts on from when it started: back is not seen.
  void Jump(absl::Duration by) { skew_ += by; }
  // A new process reads the wall's clock, whatever the last one read.
  void Restart(absl::Time truth) { last_ = truth + skew_; }

 private:
  absl::Duration skew_;
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_SIMULATED_CLOCK_H_
