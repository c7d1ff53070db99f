// Ten steps of AdamW beside PyTorch's: the losses that `tests/bench/torch_llama.py parity` printed with
// Debian's python3-torch 1.13.1 in f32 and in bf16 autocast, from the same weights, tokens and settings.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "worker/train/llama_step.h"
#include "worker/train/optimizer.h"
#include "worker/train/random_bits.h"
#include "worker/train/step_case_testing.h"

namespace bonsai {
namespace {

constexpr int64_t kRows = 3, kPositions = 24, kVocabulary = 61;
constexpr double kTorchLosses[] = {4.10851383, 4.20282984, 4.18270826, 4.18259907, 4.18761730,
                                   4.15548897, 4.19019794, 4.12825584, 4.20846510, 4.16924477};
constexpr double kTorchBf16Losses[] = {4.10859728, 4.20288277, 4.18228722, 4.18283033, 4.18764544,
                                       4.15545940, 4.18980408, 4.12842655, 4.20845985, 4.16946602};

std::vector<float> Weights(const ParameterLayout& layout) {
  std::vector<float> weights(layout.size(), 1.0f);
  for (size_t t = 0; t < layout.blocks().size(); ++t) {
    const ParameterBlock& block = layout.blocks()[t];
    if (block.spec.shape.size() < 2) continue;
    for (int64_t i = 0; i < block.size; ++i) {
      const double uniform = static_cast<double>(RandomBits(1000 + t, i) >> 40) / (1 << 24);
      weights[block.offset + i] = static_cast<float>(uniform * 0.2 - 0.1);
    }
  }
  return weights;
}

std::vector<double> TenLosses(v1::Precision precision) {
  std::vector<double> losses;
  const ParameterLayout layout = *ParameterLayout::Create(TinyConfig(kPositions));
  std::vector<float> weights = Weights(layout), gradient(layout.size());
  v1::Optimizer spec;
  spec.set_learning_rate(1e-3f);
  spec.set_weight_decay(0.1f);
  spec.set_clip_norm(1.0f);
  Optimizer optimizer(layout, SelectKernels(), spec);
  LlamaPassOptions options;
  options.precision = precision;
  const auto step = CreateLlamaStep(layout, SelectKernels(), 1, options);
  for (int number = 0; number < 10; ++number) {
    std::vector<int32_t> tokens, targets;
    for (int64_t i = 0; i < kRows * (kPositions + 1); ++i) {
      const int32_t id = static_cast<int32_t>(RandomBits(100 + number, i) % kVocabulary);
      if (i % (kPositions + 1) < kPositions) tokens.push_back(id);
      if (i % (kPositions + 1) > 0) targets.push_back(id);
    }
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    step->Load(weights);
    const double count = kRows * kPositions;
    const double loss = step->AddGradient({kRows, kPositions, tokens.data(), targets.data()},
                                          static_cast<float>(1 / count), absl::MakeSpan(gradient));
    losses.push_back(loss / count);
    optimizer.Apply(number + 1, 1e-3f, optimizer.Norm(gradient), gradient, absl::MakeSpan(weights));
  }
  return losses;
}

TEST(TorchParity, TenStepsHaveTheLossesOfPyTorch) {
  const std::vector<double> losses = TenLosses(v1::F32);
  for (int number = 0; number < 10; ++number) {
    EXPECT_NEAR(losses[number], kTorchLosses[number], number == 0 ? 1e-6 : 1e-4) << number;
  }
}

TEST(TorchParity, TenStepsInBfloat16HaveTheLossesOfPyTorchsAutocast) {
  const std::vector<double> losses = TenLosses(v1::BF16);
  for (int number = 0; number < 10; ++number) {
    EXPECT_NEAR(losses[number], kTorchBf16Losses[number], 5e-3) << number;
  }
  EXPECT_NE(losses, TenLosses(v1::F32));  // else nothing was rounded
}

}  // namespace
}  // namespace bonsai
