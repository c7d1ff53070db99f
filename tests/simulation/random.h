// A simulation's only source of chance: the same seed draws the same numbers on every machine.
#ifndef BONSAI_TESTS_SIMULATION_RANDOM_H_
#define BONSAI_TESTS_SIMULATION_RANDOM_H_

#include <cstdint>
#include <random>

namespace bonsai {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // From 0 to below `bound`.
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  // From `least` to `most`.
  int64_t Between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(Below(most - least + 1));
  }
  bool Chance(double probability) { return static_cast<double>(engine_() >> 11) * 0x1.0p-53 < probability; }

 private:
  std::mt19937_64 engine_;  // its sequence is laid down by the C++ standard
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_RANDOM_H_
