// Seeded random numbers whose sequence is the same with every compiler and library: std's engines are
// specified to the bit, its distributions are not.
//
// Values; not thread-safe.
#ifndef BONSAI_COORDINATOR_SIMULATE_RANDOM_DRAW_H_
#define BONSAI_COORDINATOR_SIMULATE_RANDOM_DRAW_H_

#include <cstdint>
#include <random>

#include "absl/time/time.h"
#include "bonsai/v1/simulation.pb.h"

namespace bonsai {

class RandomDraw {
 public:
  // Draws of different streams of a seed are independent of each other.
  RandomDraw(uint64_t seed, uint64_t stream);

  // In (0, 1).
  double Uniform();
  double Exponential(double mean);
  double Normal();  // Box-Muller
  // At least a millisecond. The distribution is one that CheckSimulation accepted.
  absl::Duration Draw(const v1::DurationDistribution& distribution);

 private:
  std::mt19937_64 engine_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SIMULATE_RANDOM_DRAW_H_
