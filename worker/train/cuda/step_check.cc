#include "worker/train/cuda/step_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "worker/train/cuda/device_trial.h"
#include "worker/train/cuda/host_device.h"
#include "worker/train/cuda/resident_model.h"

namespace bonsai::cuda {
namespace {

struct StepCase {
  std::string name;
  edge::ModelConfig config;
  ResidentOptions options;
};

edge::ModelConfig SmallConfig(bool tied, int32_t kv_heads) {
  edge::ModelConfig config;
  config.dim = 64;
  config.hidden_dim = 40;
  config.layers = 2;
  config.heads = 2;
  config.kv_heads = kv_heads;
  config.head_dim = 32;
  config.vocab_size = 131;
  config.max_seq_len = 96;
  config.tied_embeddings = tied;
  return config;
}

std::vector<StepCase> Cases() {
  std::vector<StepCase> cases;
  for (const CellType type : {CellType::kF32, CellType::kBf16}) {
    const std::string suffix = type == CellType::kF32 ? " f32" : " bf16";
    ResidentOptions options;
    options.program = {type, 50};
    options.z_loss = 1e-3f;
    options.pass_positions = 80;  // a row
    cases.push_back({"adamw, tied, shared keys" + suffix, SmallConfig(true, 1), options});
    options.muon = true;
    cases.push_back({"muon, untied, own keys" + suffix, SmallConfig(false, 2), options});
    options.normalize_rows = true;
    cases.push_back({"normuon, tied, shared keys" + suffix, SmallConfig(true, 1), options});
  }
  return cases;
}

struct Outcome {
  std::vector<float> losses;      // before each update
  std::vector<float> gradient;    // the first
  std::vector<float> parameters;  // after the last
};

// Two rows; a third of the tokens are one, and every seventh position is not asked.
struct SmallBatch {
  static constexpr int64_t kRows = 2, kPositions = 70;

  SmallBatch() {
    constexpr int64_t kCount = kRows * kPositions;
    const std::vector<float> random = RandomValues(2 * kCount, 11);
    for (int64_t i = 0; i < kCount; ++i) {
      tokens.push_back(i % 3 == 0 ? 7 : static_cast<int32_t>((random[i] + 1) * 65));
      targets.push_back(i % 7 == 0 ? -1 : static_cast<int32_t>((random[kCount + i] + 1) * 65));
    }
  }
  HostBatch view() const { return {kRows, kPositions, tokens.data(), targets.data()}; }

  std::vector<int32_t> tokens, targets;
};

Outcome Train(StepDevice& device, const StepCase& c, const std::vector<float>& initial) {
  constexpr int kUpdates = 3;  // graphs are recorded in the second round, and played in the third
  const SmallBatch small;
  const HostBatch batch = small.view();
  const int64_t n = batch.rows * batch.positions;
  ResidentModel model(device, c.config, c.options);
  model.Load(initial.data(), nullptr, nullptr);
  Outcome outcome;
  outcome.gradient.resize(model.size());
  outcome.parameters.resize(model.size());
  for (int update = 1; update <= kUpdates; ++update) {
    model.ClearGradient();
    model.QueueGradient(batch, 1.0f / static_cast<float>(n));
    model.Prepare(batch, 1.0f / static_cast<float>(n));
    outcome.losses.push_back(static_cast<float>(model.TakeLoss()));
    if (update == 1) model.ReadGradient(outcome.gradient.data());
    model.GradientNorm();
    UpdateScalars scalars = {1e-3f, 0.9f, 0.95f, 1e-8f, 0.1f, 1.0f, 0, 0, 0.01f, 0.95f, 0.95f};
    scalars.bias1 = static_cast<float>(1 - std::pow(0.9, update));
    scalars.bias2 = static_cast<float>(1 - std::pow(0.95, update));
    model.Update(scalars);
  }
  model.Save(outcome.parameters.data(), nullptr, nullptr);
  return outcome;
}

// |got - want| / |want|; with `from`, of the ways from there.
double Difference(const std::vector<float>& got, const std::vector<float>& want,
                  const std::vector<float>* from = nullptr) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    const double origin = from == nullptr ? 0.0 : double{(*from)[i]};
    difference += (double{got[i]} - double{want[i]}) * (double{got[i]} - double{want[i]});
    size += (double{want[i]} - origin) * (double{want[i]} - origin);
  }
  return std::sqrt(difference / std::max(size, 1e-30));
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

std::vector<float> InitialParameters(const edge::ModelConfig& config, uint64_t seed) {
  std::vector<float> parameters;
  for (const edge::TensorSpec& spec : edge::ListTensors(config)) {
    int64_t size = 1;
    for (const int64_t extent : spec.shape) size *= extent;
    std::vector<float> values(size, 1.0f);
    if (spec.shape.size() > 1) values = RandomValues(size, ++seed);
    const float scale = spec.shape.size() > 1 ? 0.02f * std::sqrt(3.0f) : 1.0f;
    for (const float value : values) parameters.push_back(value * scale);
  }
  return parameters;
}

std::vector<CheckResult> CheckSteps(StepDevice& device) {
  std::vector<CheckResult> results;
  const std::unique_ptr<StepDevice> host = CreateHostDevice();
  for (const StepCase& c : Cases()) {
    const bool f32 = c.options.program.type == CellType::kF32;
    std::vector<float> initial = InitialParameters(c.config, 5);
    for (float& value : initial) value *= value == 1.0f ? 1.0f : 3.0f;  // so that softmaxes are not flat
    const Outcome want = Train(*host, c, initial), got = Train(device, c, initial),
                  again = Train(device, c, initial);
    results.push_back({"loss: " + c.name, Difference(got.losses, want.losses), f32 ? 1e-5 : 2e-3});
    results.push_back({"gradient: " + c.name, Difference(got.gradient, want.gradient), f32 ? 1e-4 : 3e-2});
    // Adam's first steps are the signs of the gradient: where it is nearly 0 rounding decides.
    results.push_back({"way of 3 updates: " + c.name, Difference(got.parameters, want.parameters, &initial),
                       f32 ? 2e-2 : 0.2});
    const bool same = SameBits(got.losses, again.losses) && SameBits(got.gradient, again.gradient) &&
                      SameBits(got.parameters, again.parameters);
    results.push_back({"same bits again: " + c.name, same ? 0.0 : 1.0, 0});
  }
  return results;
}

CheckResult CheckLoneReducer(StepDevice& device, GradientReducer& reducer) {
  const SmallBatch batch;
  const edge::ModelConfig config = SmallConfig(true, 1);
  const std::vector<float> initial = InitialParameters(config, 5);
  std::vector<std::vector<float>> gradients;
  for (GradientReducer* const each : {static_cast<GradientReducer*>(nullptr), &reducer}) {
    ResidentModel model(device, config, {}, each);
    model.Load(initial.data(), nullptr, nullptr);
    for (int round = 0; round < 3; ++round) {
      model.ClearGradient();
      model.QueueGradient(batch.view(), 0.01f);
      gradients.emplace_back(static_cast<size_t>(model.size()));
      model.ReadGradient(gradients.back().data());
    }
  }
  bool same = true;
  for (const std::vector<float>& gradient : gradients) same &= SameBits(gradient, gradients[0]);
  return {"sums over one rank", same ? 0.0 : 1.0, 0};
}

}  // namespace bonsai::cuda
