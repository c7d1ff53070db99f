#include "worker/train/adamw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

ParameterLayout TinyLayout() {
  edge::ModelConfig config;
  config.dim = 16;
  config.hidden_dim = 24;
  config.layers = 1;
  config.heads = config.kv_heads = 2;
  config.head_dim = 8;
  config.vocab_size = 30;
  config.max_seq_len = 8;
  return *ParameterLayout::Create(config);
}

v1::Optimizer TinyOptimizer(float weight_decay, float clip_norm) {
  v1::Optimizer optimizer;
  optimizer.set_beta1(0.8f);
  optimizer.set_beta2(0.9f);
  optimizer.set_weight_decay(weight_decay);
  optimizer.set_clip_norm(clip_norm);
  return optimizer;
}

// Loshchilov and Hutter's algorithm in double precision.
TEST(Adamw, FollowsTheFormulaOnEveryInstructionSet) {
  const ParameterLayout layout = TinyLayout();
  for (const Kernels* kernels : RunnableKernels()) {
    SCOPED_TRACE(kernels->name);
    Adamw adamw(layout, *kernels, TinyOptimizer(0.1f, 1.0f));
    std::vector<float> parameters(layout.size());
    InitializeParameters(layout, 1, absl::MakeSpan(parameters));
    std::vector<double> p(parameters.begin(), parameters.end()), m(p.size()), v(p.size());
    for (int t = 1; t <= 5; ++t) {
      std::vector<float> gradient(layout.size());
      double square = 0;
      for (size_t i = 0; i < gradient.size(); ++i) {
        gradient[i] = static_cast<float>(RandomBits(t, i) % 2001) / 1000.0f - 1.0f;
        square += double{gradient[i]} * gradient[i];
      }
      EXPECT_NEAR(adamw.Apply(t, 0.01f, gradient, absl::MakeSpan(parameters)), std::sqrt(square), 1e-4);
      for (const ParameterBlock& block : layout.blocks()) {
        for (int64_t i = block.offset; i < block.offset + block.size; ++i) {
          const double g = gradient[i] / std::sqrt(square);
          m[i] = 0.8 * m[i] + 0.2 * g;
          v[i] = 0.9 * v[i] + 0.1 * g * g;
          if (block.spec.shape.size() == 2) p[i] *= 1 - 0.01 * 0.1;
          p[i] -= 0.01 * (m[i] / (1 - std::pow(0.8, t))) / (std::sqrt(v[i] / (1 - std::pow(0.9, t))) + 1e-8);
        }
      }
    }
    for (size_t i = 0; i < p.size(); ++i) ASSERT_NEAR(parameters[i], p[i], 2e-5) << i;
  }
}

TEST(Adamw, GradientThatIsNotFiniteChangesNothing) {
  const ParameterLayout layout = TinyLayout();
  Adamw adamw(layout, SelectKernels(), TinyOptimizer(0, 0));
  std::vector<float> parameters(layout.size(), 1.0f), gradient(layout.size(), 0.1f);
  gradient[7] = INFINITY;
  EXPECT_FALSE(std::isfinite(adamw.Apply(1, 0.1f, gradient, absl::MakeSpan(parameters))));
  EXPECT_EQ(parameters, std::vector<float>(layout.size(), 1.0f));
  EXPECT_EQ(adamw.moment1()[0], 0.0f);
}

}  // namespace
}  // namespace bonsai
