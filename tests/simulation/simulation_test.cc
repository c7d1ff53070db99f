// The real scheduler and a store, under faults drawn from seeds. BONSAI_SIM_SEEDS=N runs the seeds 1 to N
// (1,000 unless told), or those of them after BONSAI_SIM_AFTER; BONSAI_SIM_SEED=S runs only S: a seed that
// fails is printed, and fails again in the same way.
#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace bonsai {
namespace {

// So many tests share the seeds, and Bazel's shards share the tests.
constexpr uint64_t kSlices = 8;

uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

class SimulationTest : public testing::TestWithParam<uint64_t> {};

TEST_P(SimulationTest, HoldsItsInvariantsUnderFaultsAndEndsEveryJob) {
  const uint64_t only = NumberFromEnvironment("BONSAI_SIM_SEED", 0);
  const uint64_t seeds = NumberFromEnvironment("BONSAI_SIM_SEEDS", 1000);
  const uint64_t after = NumberFromEnvironment("BONSAI_SIM_AFTER", 0);
  SimulationResult sum;
  uint64_t runs = 0;
  for (uint64_t seed = after + GetParam() + 1; seed <= seeds && only == 0; seed += kSlices) {
    const SimulationResult result = Simulation(seed).Run();
    ASSERT_EQ(result.violation, "") << "seed " << seed << "; again with BONSAI_SIM_SEED=" << seed;
    ++runs;
    sum.jobs += result.jobs;
    sum.done += result.done;
    sum.attempts += result.attempts;
    sum.coordinator_crashes += result.coordinator_crashes;
    sum.resumes += result.resumes;
  }
  std::printf("%d seeds: %d jobs, %d done, %d attempts, %d resumes, %d crashes of the coordinator\n",
              static_cast<int>(runs), sum.jobs, sum.done, sum.attempts, sum.resumes, sum.coordinator_crashes);
  if (runs < 100) return;
  // That the faults bite, and that jobs get done all the same.
  EXPECT_GT(sum.done, sum.jobs / 2);
  EXPECT_GT(sum.attempts, sum.jobs);
  EXPECT_GT(sum.coordinator_crashes, static_cast<int>(runs));
  EXPECT_GT(sum.resumes, static_cast<int>(runs));
}

INSTANTIATE_TEST_SUITE_P(Slices, SimulationTest, testing::Range(uint64_t{0}, kSlices));

TEST(SimulationSeedTest, TheSeedThatWasNamedHoldsItsInvariants) {
  const uint64_t seed = NumberFromEnvironment("BONSAI_SIM_SEED", 1);
  EXPECT_EQ(Simulation(seed).Run().violation, "") << "seed " << seed;
}

TEST(SimulationSeedTest, TheSameSeedGivesTheSameHistory) {
  EXPECT_EQ(Simulation(7).Run().digest, Simulation(7).Run().digest);
  EXPECT_NE(Simulation(7).Run().digest, Simulation(8).Run().digest);
}

}  // namespace
}  // namespace bonsai
