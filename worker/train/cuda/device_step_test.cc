#include "worker/train/cuda/device_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "worker/train/cuda/emulated_device.h"
#include "worker/train/cuda/host_device.h"
#include "worker/train/llama_step.h"
#include "worker/train/step_case_testing.h"

namespace bonsai::cuda {
namespace {

// Heads as wide as a tile of attention.
edge::ModelConfig WideHeads() {
  edge::ModelConfig config = TinyConfig();
  config.dim = 64;
  config.head_dim = 16;
  return config;
}

// A third of the tokens are the same: a long list to scatter.
struct Case : StepCase {
  explicit Case(const edge::ModelConfig& config, int64_t rows = 3, int64_t positions = 70)
      : StepCase(config, rows, positions) {
    for (size_t i = 0; i < tokens.size(); i += 3) tokens[i] = 7;
  }
};

using MakeDevice = std::unique_ptr<StepDevice> (*)();

class DeviceStepTest : public testing::TestWithParam<MakeDevice> {
 protected:
  std::unique_ptr<TrainStep> Create(const Case& c, const ResidentOptions& options = {}) {
    return CreateDeviceStep(c.layout, GetParam()(), options);
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, DeviceStepTest, testing::Values(&CreateHostDevice, &CreateEmulatedDevice),
                         [](const auto& info) { return info.index == 0 ? "Host" : "Emulated"; });

TEST_P(DeviceStepTest, GivesTheCpuStepsLossAndGradients) {
  edge::ModelConfig untied = WideHeads();
  untied.tied_embeddings = false;
  edge::ModelConfig plain_heads = WideHeads();
  plain_heads.kv_heads = 4;
  for (const edge::ModelConfig& config : {WideHeads(), untied, plain_heads}) {
    const Case c(config);
    LlamaPassOptions cpu;
    cpu.z_loss = 0.02f;
    ResidentOptions options;
    options.z_loss = 0.02f;
    double want_loss = 0, loss = 0;
    const std::vector<float> want =
        GradientOf(*CreateLlamaStep(c.layout, SelectKernels(), 1, cpu), c, &want_loss);
    ExpectSameGradients(c.layout, GradientOf(*Create(c, options), c, &loss), want, 1e-4);
    EXPECT_NEAR(loss, want_loss, 1e-6 * want_loss);
  }
}

// 8 bits of mantissa in weights, activations, attention and logits.
TEST_P(DeviceStepTest, InBfloat16GivesTheCpuStepsGradientsUpToItsRounding) {
  Case c(WideHeads());
  for (float& value : c.parameters) value *= 0.5f;  // softmaxes less steep: rounding is not the subject
  ResidentOptions options;
  options.program.type = CellType::kBf16;
  double want_loss = 0, loss = 0;
  const std::vector<float> want = GradientOf(*CreateLlamaStep(c.layout, SelectKernels(), 1), c, &want_loss);
  ExpectSameGradients(c.layout, GradientOf(*Create(c, options), c, &loss), want, 6e-2);
  EXPECT_NEAR(loss, want_loss, 2e-3 * want_loss);
  EXPECT_NE(loss, want_loss);
}

TEST_P(DeviceStepTest, PassesAndChunksOnlyRoundAndRepeatTheSameBits) {
  const Case c(WideHeads(), 5, 40);
  double want_loss = 0, loss = 0, again = 0;
  const std::vector<float> want = GradientOf(*Create(c), c, &want_loss);
  ResidentOptions small;
  small.pass_positions = 80;  // passes of 1 and 2 rows
  small.program.logit_positions = 7;
  const std::unique_ptr<TrainStep> step = Create(c, small);
  const std::vector<float> got = GradientOf(*step, c, &loss);
  ExpectSameGradients(c.layout, got, want, 1e-4);
  EXPECT_NEAR(loss, want_loss, 1e-6 * want_loss);
  EXPECT_NEAR(step->Loss(c.batch), want_loss, 1e-6 * want_loss);
  EXPECT_EQ(GradientOf(*step, c, &again), got);
  EXPECT_EQ(again, loss);
}

// Another rank with the same rows.
class TwinReducer final : public GradientReducer {
 public:
  void Reduce(float* values, int64_t count) override {
    for (int64_t i = 0; i < count; ++i) values[i] *= 2.0f;
  }
  void Join() override {}
  std::string Await(double) override { return ""; }
};

TEST(DeviceStep, WithAReducerAddsTheSumOverRanks) {
  const Case c(WideHeads(), 3, 20);
  double want_loss = 0, loss = 0;
  const auto alone = CreateDeviceStep(c.layout, CreateHostDevice());
  const auto step = CreateDeviceStep(c.layout, CreateHostDevice(), {}, std::make_unique<TwinReducer>());
  EXPECT_FALSE(alone->SumsOverRanks());
  EXPECT_TRUE(step->SumsOverRanks());
  std::vector<float> want = GradientOf(*alone, c, &want_loss);
  for (float& value : want) value *= 2.0f;
  ExpectSameGradients(c.layout, GradientOf(*step, c, &loss), want, 1e-4);  // 0.5 was added and taken away
  EXPECT_EQ(loss, want_loss);                                              // this rank's
}

TEST_P(DeviceStepTest, GivesTheCpuStepsLogits) {
  const Case c(WideHeads());
  std::vector<float> got(c.tokens.size() * 61), want(got.size());
  ResidentOptions options;
  options.pass_positions = 100;
  options.program.logit_positions = 33;
  const auto step = Create(c, options), cpu = CreateLlamaStep(c.layout, SelectKernels(), 1);
  step->Load(c.parameters);
  cpu->Load(c.parameters);
  step->Logits(c.batch, absl::MakeSpan(got));
  cpu->Logits(c.batch, absl::MakeSpan(want));
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-4) << i;
}

}  // namespace
}  // namespace bonsai::cuda
