#include "worker/train/cuda/resident_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "worker/train/cuda/emulated_device.h"
#include "worker/train/cuda/host_device.h"
#include "worker/train/cuda/kernel_device.h"
#include "worker/train/llama_step.h"
#include "worker/train/optimizer.h"
#include "worker/train/random_bits.h"

namespace bonsai::cuda {
namespace {

edge::ModelConfig SmallConfig() {
  edge::ModelConfig config;
  config.dim = 32;
  config.hidden_dim = 40;
  config.layers = 3;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dim = 16;
  config.vocab_size = 53;
  config.max_seq_len = 32;
  return config;
}

struct Case {
  Case()
      : layout(*ParameterLayout::Create(SmallConfig())),
        parameters(layout.size()),
        tokens(3 * 20),
        targets(60) {
    InitializeParameters(layout, 9, absl::MakeSpan(parameters));
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = static_cast<int32_t>(RandomBits(1, i) % 53);
      targets[i] = static_cast<int32_t>(RandomBits(2, i) % 53);
    }
  }
  HostBatch batch() const { return {3, 20, tokens.data(), targets.data()}; }

  ParameterLayout layout;
  std::vector<float> parameters;
  std::vector<int32_t> tokens, targets;
};

// What the optimizer's spec says, as ResidentModel takes it.
UpdateScalars ScalarsOf(const v1::Optimizer& spec, int update, float rate) {
  UpdateScalars scalars = {};
  scalars.learning_rate = rate;
  scalars.beta1 = 0.9f;
  scalars.beta2 = 0.95f;
  scalars.epsilon = 1e-8f;
  scalars.weight_decay = spec.weight_decay();
  scalars.clip_norm = spec.clip_norm();
  scalars.bias1 = static_cast<float>(1.0 - std::pow(0.9, update));
  scalars.bias2 = static_cast<float>(1.0 - std::pow(0.95, update));
  scalars.muon_learning_rate =
      spec.has_muon() ? rate * spec.muon().learning_rate() / spec.learning_rate() : 0;
  scalars.momentum = 0.95f;
  scalars.row_beta = 0.95f;
  return scalars;
}

// Five updates on the CPU and on the device. The largest difference of a parameter, relative to how far
// parameters went.
double Drift(StepDevice& device, const v1::Optimizer& spec) {
  Case c;
  Optimizer optimizer(c.layout, SelectKernels(), spec);
  const auto cpu = CreateLlamaStep(c.layout, SelectKernels(), 1);
  ResidentOptions options;
  options.muon = spec.has_muon();
  options.normalize_rows = spec.muon().normalize_rows();
  ResidentModel model(device, SmallConfig(), options);
  model.Load(c.parameters.data(), nullptr, nullptr);
  const std::vector<float> initial = c.parameters;
  for (int update = 1; update <= 5; ++update) {
    std::vector<float> gradient(c.layout.size());
    cpu->Load(c.parameters);
    const double loss =
        cpu->AddGradient({3, 20, c.tokens.data(), c.targets.data()}, 1.0f / 60, absl::MakeSpan(gradient));
    const double norm = optimizer.Norm(gradient);
    optimizer.Apply(update, 1e-3f, norm, gradient, absl::MakeSpan(c.parameters));
    model.ClearGradient();
    model.QueueGradient(c.batch(), 1.0f / 60);
    EXPECT_NEAR(model.TakeLoss(), loss, 1e-5 * loss);
    EXPECT_NEAR(model.GradientNorm(), norm, 1e-4 * norm);
    model.Update(ScalarsOf(spec, update, 1e-3f));
  }
  std::vector<float> got(c.layout.size()), moment1(got), moment2(got);
  model.Save(got.data(), moment1.data(), moment2.data());
  double difference = 0, way = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    difference = std::max(difference, std::abs(double{got[i]} - c.parameters[i]));
    way = std::max(way, std::abs(double{initial[i]} - c.parameters[i]));
    EXPECT_NEAR(moment1[i], optimizer.moment1()[i], 1e-4) << i;
  }
  return difference / way;
}

v1::Optimizer Spec() {
  v1::Optimizer spec;
  spec.set_learning_rate(1e-3f);
  spec.set_weight_decay(0.1f);
  spec.set_clip_norm(0.5f);
  return spec;
}

class ResidentModelTest : public testing::TestWithParam<std::unique_ptr<StepDevice> (*)()> {};

INSTANTIATE_TEST_SUITE_P(Devices, ResidentModelTest,
                         testing::Values(&CreateHostDevice, &CreateEmulatedDevice),
                         [](const auto& info) { return info.index == 0 ? "Host" : "Emulated"; });

TEST_P(ResidentModelTest, UpdatesAsTheCpusAdamw) { EXPECT_LT(Drift(*GetParam()(), Spec()), 1e-2); }

TEST_P(ResidentModelTest, UpdatesAsTheCpusMuon) {
  v1::Optimizer spec = Spec();
  spec.mutable_muon()->set_learning_rate(0.02f);
  EXPECT_LT(Drift(*GetParam()(), spec), 1e-2);
}

TEST_P(ResidentModelTest, UpdatesAsTheCpusNorMuon) {
  v1::Optimizer spec = Spec();
  spec.mutable_muon()->set_learning_rate(0.02f);
  spec.mutable_muon()->set_normalize_rows(true);
  EXPECT_LT(Drift(*GetParam()(), spec), 1e-2);
}

// Two ranks in one: a sum doubles what it is given. It must be given the whole gradient once, each part when
// it is complete, from the end to the beginning.
class DoublingReducer final : public GradientReducer {
 public:
  void Reduce(float* values, int64_t count) override {
    EXPECT_FALSE(joined);
    for (int64_t i = 0; i < count; ++i) values[i] *= 2.0f;
    parts.emplace_back(values, count);
  }
  void Join() override { joined = true; }
  std::string Await(double) override { return ""; }

  std::vector<std::pair<float*, int64_t>> parts;
  bool joined = false;
};

TEST(ResidentModel, HandsEachPartOfTheGradientToTheReducerOnceAndComplete) {
  const Case c;
  for (const bool tied : {true, false}) {
    edge::ModelConfig config = SmallConfig();
    config.tied_embeddings = tied;
    const std::unique_ptr<StepDevice> device = CreateHostDevice();
    DoublingReducer reducer;
    ResidentOptions options;
    options.pass_positions = 20;  // three passes, and only the last one's parts are complete
    ResidentModel model(*device, config, options, &reducer), alone(*device, config, options);
    std::vector<float> parameters(model.size()), got(model.size()), want(model.size());
    for (size_t i = 0; i < parameters.size(); ++i) {
      parameters[i] = 0.1f * (static_cast<float>(RandomBits(3, i) % 2000) / 1000.0f - 1.0f);
    }
    for (ResidentModel* each : {&model, &alone}) {
      each->Load(parameters.data(), nullptr, nullptr);
      each->ClearGradient();
      each->QueueGradient(c.batch(), 0.01f);
    }
    EXPECT_EQ(model.TakeLoss(), alone.TakeLoss());
    model.ReadGradient(got.data());
    alone.ReadGradient(want.data());
    for (float& value : want) value *= 2.0f;
    EXPECT_EQ(got, want);
    EXPECT_TRUE(reducer.joined);
    int64_t covered = 0;
    for (size_t i = 0; i < reducer.parts.size(); ++i) {
      covered += reducer.parts[i].second;
      if (i == 0) continue;
      EXPECT_EQ(reducer.parts[i].first + reducer.parts[i].second, reducer.parts[i - 1].first);
    }
    EXPECT_EQ(covered, model.size());
  }
}

struct RepeatingMemory : HostMemoryDevice {
  void Repeat(uint64_t, const std::function<void()>& work) override {
    ++repeats;
    repeating = true;
    work();
    repeating = false;
  }
  int repeats = 0;
  bool repeating = false;
};

class UnrecordedReducer final : public GradientReducer {
 public:
  explicit UnrecordedReducer(const RepeatingMemory& memory) : memory_(memory) {}
  void Reduce(float*, int64_t) override {
    ++sums;
    EXPECT_FALSE(memory_.repeating);
  }
  void Join() override { EXPECT_FALSE(memory_.repeating); }
  std::string Await(double) override { return ""; }

  int sums = 0;

 private:
  const RepeatingMemory& memory_;
};

TEST(ResidentModel, RecordsPassesButNoSumOverRanks) {
  const Case c;
  KernelDevice<RepeatingMemory> device;
  UnrecordedReducer reducer(device);
  ResidentOptions options;
  options.pass_positions = 20;
  ResidentModel model(device, SmallConfig(), options, &reducer);
  model.QueueGradient(c.batch(), 0.01f);
  EXPECT_EQ(device.repeats, 2);  // of three passes
  EXPECT_GT(reducer.sums, 0);
}

TEST(ResidentModel, ARankWithoutRowsReducesTheSameParts) {
  const Case c;
  const std::unique_ptr<StepDevice> device = CreateHostDevice();
  DoublingReducer reducer, idle_reducer;
  ResidentModel model(*device, SmallConfig(), {}, &reducer), idle(*device, SmallConfig(), {}, &idle_reducer);
  model.QueueGradient(c.batch(), 0.01f);
  idle.QueueGradient({0, 20, nullptr, nullptr}, 0.01f);
  ASSERT_EQ(idle_reducer.parts.size(), reducer.parts.size());
  for (size_t i = 0; i < reducer.parts.size(); ++i) {
    EXPECT_EQ(idle_reducer.parts[i].second, reducer.parts[i].second);
  }
  EXPECT_TRUE(idle_reducer.joined);
}

TEST(LlamaPlaces, WidthsThatDoNotFitAndOtherModelsAreRefused) {
  EXPECT_EQ(WhyNotOnDevice(SmallConfig()), "");
  edge::ModelConfig odd = SmallConfig();
  odd.dim = 36;
  EXPECT_EQ(WhyNotOnDevice(odd), "dim is 36, and a multiple of 8 would be valid on a GPU");
  edge::ModelConfig narrow = SmallConfig();
  narrow.head_dim = 8;
  EXPECT_EQ(WhyNotOnDevice(narrow), "head_dim is 8, and a multiple of 16 would be valid on a GPU");
  edge::ModelConfig normed = SmallConfig();
  normed.qk_norm = true;
  EXPECT_EQ(WhyNotOnDevice(normed), "qk_norm is true, and only a plain Llama would be valid on a GPU");
}

TEST(GradientBuckets, JoinSlicesUntilTheyAreLargeEnough) {
  std::vector<float> gradient(100, 1.0f);
  DoublingReducer reducer;
  GradientBuckets buckets(reducer, gradient.data(), 100, 30);
  for (int64_t end = 100; end > 0; end -= 10) buckets.Add(end - 10, end);
  buckets.Finish();
  std::vector<int64_t> sizes;
  for (const auto& part : reducer.parts) sizes.push_back(part.second);
  EXPECT_EQ(sizes, (std::vector<int64_t>{30, 30, 30, 10}));
  EXPECT_EQ(gradient, std::vector<float>(100, 2.0f));
}

TEST(ResidentModel, APreparedBatchChangesNothing) {
  const Case c;
  const std::unique_ptr<StepDevice> device = CreateHostDevice();
  ResidentOptions options;
  options.pass_positions = 20;
  ResidentModel model(*device, SmallConfig(), options);
  model.Load(c.parameters.data(), nullptr, nullptr);
  std::vector<int32_t> others(60, 5);
  const HostBatch other = {2, 30, others.data(), others.data()};
  const auto gradient = [&](bool prepared, bool other_first) {
    std::vector<float> result(model.size());
    model.ClearGradient();
    if (other_first) model.Prepare(other, 0.5f);
    if (prepared) model.Prepare(c.batch(), 0.01f);
    if (other_first) model.Loss(c.batch());
    model.QueueGradient(c.batch(), 0.01f);
    result.push_back(static_cast<float>(model.TakeLoss()));
    model.ReadGradient(result.data());
    return result;
  };
  const std::vector<float> want = gradient(false, false);
  EXPECT_EQ(gradient(true, false), want);
  EXPECT_EQ(gradient(true, true), want);
  EXPECT_EQ(gradient(false, true), want);
}

}  // namespace
}  // namespace bonsai::cuda
