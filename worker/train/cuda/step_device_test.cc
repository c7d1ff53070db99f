#include "worker/train/cuda/step_device.h"

#include <gtest/gtest.h>

#include "worker/train/cuda/device_check.h"
#include "worker/train/cuda/emulated_device.h"
#include "worker/train/cuda/step_check.h"

namespace bonsai::cuda {
namespace {

TEST(StepDevice, EveryKernelDoesWhatThePlainLoopsDo) {
  const std::unique_ptr<StepDevice> device = CreateEmulatedDevice();
  const std::vector<CheckResult> results = CheckOperations(*device);
  EXPECT_GT(results.size(), 100u);
  for (const CheckResult& result : results) {
    EXPECT_TRUE(result.passed()) << result.name << ": " << result.error << " > " << result.tolerance;
  }
}

// What check_gpu asks of a GPU, asked of the emulation: steps in each precision, optimizers, the same bits
// twice.
TEST(StepDevice, EveryStepOfTheKernelsIsThatOfThePlainLoops) {
  const std::unique_ptr<StepDevice> device = CreateEmulatedDevice();
  for (const CheckResult& result : CheckSteps(*device)) {
    EXPECT_TRUE(result.passed()) << result.name << ": " << result.error << " > " << result.tolerance;
  }
}

}  // namespace
}  // namespace bonsai::cuda
