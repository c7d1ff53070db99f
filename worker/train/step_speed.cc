#include "worker/train/step_speed.h"

#include <algorithm>
#include <vector>

#include "absl/time/clock.h"
#include "worker/train/llama_step.h"
#include "worker/train/optimizer.h"
#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

constexpr int kStepsMin = 3;

}  // namespace

StepSpeed MeasureStepSpeed(const ParameterLayout& layout, const TrainingPlan& plan, int64_t rows,
                           int64_t positions, int threads, absl::Duration how_long) {
  const auto vocabulary = static_cast<uint64_t>(layout.config().vocab_size);
  std::vector<int32_t> tokens(rows * positions), targets(rows * positions);
  for (uint64_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<int32_t>(RandomBits(1, i) % vocabulary);
    targets[i] = static_cast<int32_t>(RandomBits(2, i) % vocabulary);
  }
  std::vector<float> parameters(layout.size()), gradient(layout.size());
  InitializeParameters(layout, 1, absl::MakeSpan(parameters));
  Optimizer optimizer(layout, SelectKernels(), plan.optimizer, threads);
  LlamaPassOptions options;
  options.z_loss = plan.z_loss;
  options.precision = plan.precision;
  const auto step = CreateLlamaStep(layout, SelectKernels(), threads, options);
  const TokenBatch batch = {rows, positions, tokens.data(), targets.data()};
  const float scale = 1.0f / static_cast<float>(rows * positions);
  // A rate that moves next to nothing: the values stay such as they are in training.
  constexpr float kRate = 1e-6f;

  std::vector<double> seconds;
  const absl::Time end = absl::Now() + how_long;
  for (int update = 0; update <= kStepsMin || absl::Now() < end; ++update) {
    const absl::Time begin = absl::Now();
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    step->Load(parameters);
    step->AddGradient(batch, scale, absl::MakeSpan(gradient));
    optimizer.Apply(update + 1, kRate, optimizer.Norm(gradient), gradient, absl::MakeSpan(parameters));
    // The first makes kernels and touches memory.
    if (update > 0) seconds.push_back(absl::ToDoubleSeconds(absl::Now() - begin));
  }
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<long>(seconds.size() / 2), seconds.end());
  const double median = std::max(1e-9, seconds[seconds.size() / 2]);
  return {static_cast<double>(rows * positions) / median, static_cast<int>(seconds.size())};
}

}  // namespace bonsai
