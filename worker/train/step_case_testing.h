// What tests of training steps start from: a model small enough for finite differences, a batch for it, and
// how near two gradients are.
#ifndef BONSAI_WORKER_TRAIN_STEP_CASE_TESTING_H_
#define BONSAI_WORKER_TRAIN_STEP_CASE_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/train/parameter_layout.h"
#include "worker/train/random_bits.h"
#include "worker/train/train_step.h"

namespace bonsai {

// Two layers, grouped queries, 61 tokens.
inline edge::ModelConfig TinyConfig(int32_t max_seq_len = 96) {
  edge::ModelConfig config;
  config.dim = 32;
  config.hidden_dim = 48;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 8;
  config.vocab_size = 61;
  config.max_seq_len = max_seq_len;
  return config;
}

// Larger than an initial model's, so that softmaxes are not flat and no gradient hides in the noise.
inline std::vector<float> LargeParameters(const ParameterLayout& layout) {
  std::vector<float> parameters(layout.size());
  InitializeParameters(layout, 5, absl::MakeSpan(parameters));
  for (float& value : parameters) value *= 4.0f;
  return parameters;
}

// Large parameters, and rows of which every seventh position is not asked.
struct StepCase {
  explicit StepCase(const edge::ModelConfig& config, int64_t rows = 3, int64_t positions = 70)
      : layout(*ParameterLayout::Create(config)),
        parameters(LargeParameters(layout)),
        tokens(rows * positions),
        targets(tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = static_cast<int32_t>(RandomBits(1, i) % config.vocab_size);
      targets[i] = i % 7 == 0 ? -1 : static_cast<int32_t>(RandomBits(2, i) % config.vocab_size);
    }
    batch = {rows, positions, tokens.data(), targets.data()};
  }

  ParameterLayout layout;
  std::vector<float> parameters;
  std::vector<int32_t> tokens, targets;
  TokenBatch batch;
};

// What a step adds to a gradient that is not 0.
inline std::vector<float> GradientOf(TrainStep& step, const std::vector<float>& parameters,
                                     const TokenBatch& batch, double* loss, float scale = 0.01f) {
  std::vector<float> gradient(parameters.size(), 0.5f);
  step.Load(parameters);
  *loss = step.AddGradient(batch, scale, absl::MakeSpan(gradient));
  for (float& value : gradient) value -= 0.5f;
  return gradient;
}

inline std::vector<float> GradientOf(TrainStep& step, const StepCase& c, double* loss, float scale = 0.01f) {
  return GradientOf(step, c.parameters, c.batch, loss, scale);
}

// `tolerance`: of the largest difference within a tensor, relative to its largest gradient.
inline void ExpectSameGradients(const ParameterLayout& layout, const std::vector<float>& got,
                                const std::vector<float>& want, double tolerance) {
  for (const ParameterBlock& block : layout.blocks()) {
    double largest = 0, difference = 0;
    for (int64_t i = block.offset; i < block.offset + block.size; ++i) {
      largest = std::max(largest, std::abs(double{want[i]}));
      difference = std::max(difference, std::abs(double{got[i]} - want[i]));
    }
    EXPECT_GT(largest, 0) << block.spec.name;
    EXPECT_LE(difference, tolerance * largest) << block.spec.name;
  }
}

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_STEP_CASE_TESTING_H_
