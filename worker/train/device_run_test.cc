// Runs whose model lives on a device (here: plain loops of the host), beside those in memory.
#include <algorithm>

#include "worker/train/cuda/device_model.h"
#include "worker/train/cuda/host_device.h"
#include "worker/train/pattern_run_testing.h"

namespace bonsai {
namespace {

// As NCCL's once a rank is gone.
class LosingReducer final : public cuda::GradientReducer {
 public:
  void Reduce(float*, int64_t) override {}
  void Join() override {}
  std::string Await(double seconds) override {
    EXPECT_EQ(seconds, absl::ToDoubleSeconds(kRankTimeout));
    return "a rank is gone: told by a test";
  }
};

class DeviceRunTest : public PatternRunTest {
 protected:
  std::unique_ptr<TrainedModel> Place(RankGroup& group) override {
    if (!on_device_) return nullptr;
    RankGpu gpu;
    gpu.device = cuda::CreateHostDevice();
    gpu.peak_flops = 1e12;
    if (loses_a_rank_) gpu.reducer = std::make_unique<LosingReducer>();
    return CreateDeviceModel(group, layout_, plan_, std::move(gpu));
  }

  // The same run in memory; then on the device again.
  AttemptResult InMemory() {
    on_device_ = false;
    AttemptResult result = Attempt(1);
    on_device_ = true;
    return result;
  }

  void ExpectSameLosses(const std::vector<float>& got, const std::vector<float>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t step = 0; step < want.size(); ++step) EXPECT_NEAR(got[step], want[step], 2e-3) << step;
  }

  bool on_device_ = true;
  bool loses_a_rank_ = false;
};

TEST_F(DeviceRunTest, GoesWhereTheRunInMemoryGoes) {
  for (const bool muon : {false, true}) {
    if (muon) {
      plan_.optimizer.mutable_muon()->set_learning_rate(0.01f);
      plan_.optimizer.mutable_muon()->set_normalize_rows(true);
      plan_.optimizer.mutable_muon()->set_momentum(0.9f);  // no default: the spec's must arrive
    }
    plan_.optimizer.set_weight_decay(0.1f);
    plan_.optimizer.set_beta1(0.8f);
    const AttemptResult want = InMemory();
    ASSERT_TRUE(want.outcome.ok()) << want.outcome.status();
    ledger_.Clear();
    const AttemptResult got = Attempt(1);
    ASSERT_TRUE(got.outcome.ok()) << got.outcome.status();
    ExpectSameLosses(got.outcome->state.losses, want.outcome->state.losses);
    ASSERT_LT(got.outcome->state.losses.back(), got.outcome->state.losses.front() - 0.5f);
    // The rows that are read a step ahead are not read again.
    ledger_.ExpectEachOnce(0, kSteps);
    const std::vector<float>& parameters = got.outcome->state.parameters;
    ASSERT_EQ(parameters.size(), want.outcome->state.parameters.size());
    double difference = 0;
    for (size_t i = 0; i < parameters.size(); ++i) {
      difference = std::max(difference, std::abs(double{parameters[i]} - want.outcome->state.parameters[i]));
    }
    EXPECT_LT(difference, 0.02);
  }
}

TEST_F(DeviceRunTest, TwentyStepsAreTenAndTenBitForBit) {
  plan_.optimizer.mutable_muon()->set_learning_rate(0.01f);
  plan_.optimizer.mutable_muon()->set_normalize_rows(true);
  const AttemptResult whole = Attempt(1);
  ASSERT_TRUE(whole.outcome.ok()) << whole.outcome.status();
  const AttemptResult left = Attempt(1, {}, 10);
  ASSERT_EQ(left.outcome.status().code(), absl::StatusCode::kCancelled) << left.outcome.status();
  const AttemptResult resumed = Attempt(1, left.checkpoints);
  ASSERT_TRUE(resumed.outcome.ok()) << resumed.outcome.status();
  EXPECT_TRUE(resumed.outcome->state.parameters == whole.outcome->state.parameters);
  EXPECT_EQ(resumed.outcome->state.losses, whole.outcome->state.losses);
  // What it left can go on in memory.
  on_device_ = false;
  const AttemptResult in_memory = Attempt(1, left.checkpoints);
  ASSERT_TRUE(in_memory.outcome.ok()) << in_memory.outcome.status();
  ExpectSameLosses(in_memory.outcome->state.losses, whole.outcome->state.losses);
}

TEST_F(DeviceRunTest, ASpikeSendsItBackAndValidationAndTheBestModelAreAsInMemory) {
  plan_.steps = plan_.end_steps = 70;
  plan_.checkpoint_every_steps = 10;
  plan_.validate_every_steps = 7;
  plan_.keep_best = true;
  plan_.guard.set_action(v1::Guard::REWIND);
  plan_.guard.set_spike_factor(2);
  spoiled_ = {62, 63};
  validates_ = true;
  const AttemptResult want = InMemory();
  ASSERT_TRUE(want.outcome.ok()) << want.outcome.status();
  const AttemptResult got = Attempt(1);
  ASSERT_TRUE(got.outcome.ok()) << got.outcome.status();
  EXPECT_EQ(got.outcome->state.record.rewinds, std::vector<Rewind>({{62, 60}}));
  ExpectSameLosses(got.outcome->state.losses, want.outcome->state.losses);
  const auto &validations = got.outcome->state.record.validations,
             &expected = want.outcome->state.record.validations;
  ASSERT_EQ(validations.size(), expected.size());
  for (size_t i = 0; i < validations.size(); ++i) EXPECT_NEAR(validations[i].loss, expected[i].loss, 2e-3);
}

TEST_F(DeviceRunTest, ARankThatIsGoneEndsTheAttempt) {
  loses_a_rank_ = true;
  const absl::Status status = Attempt(1).outcome.status();
  EXPECT_EQ(status, absl::UnavailableError("a rank is gone: told by a test"));
}

TEST(WhyNotResident, SaysWhatKeepsTheOptimizerOnTheCpu) {
  TrainingPlan plan = PatternPlan();
  EXPECT_EQ(WhyNotResident(plan, true), "");
  EXPECT_EQ(WhyNotResident(plan, false), "the ranks' GPUs do not sum their gradients by themselves");
  plan.width_transfer_dim = 8;
  EXPECT_EQ(WhyNotResident(plan, true), "pretrain.width_transfer_dim is the CPU's");
  plan.shard_optimizer = true;
  EXPECT_EQ(WhyNotResident(plan, true), "pretrain.shard_optimizer is the CPU's");
}

}  // namespace
}  // namespace bonsai
