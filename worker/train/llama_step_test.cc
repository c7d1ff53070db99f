#include "worker/train/llama_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/train/autograd_step.h"
#include "worker/train/optimizer.h"
#include "worker/train/step_case_testing.h"

namespace bonsai {
namespace {

// Models that are no Llama: each option alone, and all of them with grouped queries, with as many keys as
// queries, and untied.
std::vector<edge::ModelConfig> NoLlamas() {
  std::vector<edge::ModelConfig> configs(7, TinyConfig());
  configs[0].qk_norm = true;
  configs[1].activation = edge::Activation::kReluSquared;
  configs[2].logit_soft_cap = 0.7f;
  configs[3].layers = 4;
  configs[3].layers_per_weights = 2;
  for (size_t i = 4; i < configs.size(); ++i) {
    configs[i].qk_norm = true;
    configs[i].activation = edge::Activation::kReluSquared;
    configs[i].logit_soft_cap = 5.0f;
    configs[i].layers = 6;
    configs[i].layers_per_weights = 3;
  }
  configs[5].kv_heads = 4;
  configs[6].tied_embeddings = false;
  return configs;
}

// A case of a model whose norms of queries and keys do not multiply the scores by four, which would leave
// nothing for a softmax to decide.
struct Case : StepCase {
  explicit Case(const edge::ModelConfig& config, int64_t rows = 3, int64_t positions = 70)
      : StepCase(config, rows, positions) {
    for (const ParameterBlock& block : layout.blocks()) {
      if (block.spec.role != edge::TensorRole::kQueryNorm && block.spec.role != edge::TensorRole::kKeyNorm)
        continue;
      for (int64_t i = 0; i < block.size; ++i)
        parameters[block.offset + i] = 0.8f + 0.05f * static_cast<float>(i);
    }
  }
};

TEST(LlamaStep, AgreesWithAutogradOnEveryTensorAndInstructionSet) {
  edge::ModelConfig untied = TinyConfig();
  untied.tied_embeddings = false;
  edge::ModelConfig plain_heads = TinyConfig();
  plain_heads.kv_heads = 4;
  for (const edge::ModelConfig& config : {TinyConfig(), untied, plain_heads}) {
    const Case c(config);
    double want_loss = 0, loss = 0;
    const std::vector<float> want = GradientOf(*CreateAutogradStep(c.layout, true), c, &want_loss);
    for (const Kernels* kernels : RunnableKernels()) {
      SCOPED_TRACE(kernels->name);
      const std::vector<float> got = GradientOf(*CreateLlamaStep(c.layout, *kernels, 1), c, &loss);
      EXPECT_NEAR(loss, want_loss, 1e-6 * want_loss);
      ExpectSameGradients(c.layout, got, want, 2e-4);
    }
  }
}

TEST(LlamaStep, AgreesWithAutogradOnTheLossOfTheDenominator) {
  const Case c(TinyConfig());
  LlamaPassOptions options;
  options.z_loss = 0.02f;
  double want_loss = 0, loss = 0, plain_loss = 0;
  const std::vector<float> want = GradientOf(*CreateAutogradStep(c.layout, true, 0.02f), c, &want_loss);
  const std::vector<float> plain = GradientOf(*CreateAutogradStep(c.layout, true), c, &plain_loss);
  for (const Kernels* kernels : RunnableKernels()) {
    SCOPED_TRACE(kernels->name);
    ExpectSameGradients(c.layout, GradientOf(*CreateLlamaStep(c.layout, *kernels, 1, options), c, &loss),
                        want, 2e-4);
    EXPECT_NEAR(loss, plain_loss, 1e-6 * plain_loss);  // reported without it
  }
  EXPECT_NE(want, plain);
}

TEST(LlamaStep, AgreesWithAutogradWhereTheModelIsNoLlama) {
  const std::vector<edge::ModelConfig> configs = NoLlamas();
  for (size_t i = 0; i < configs.size(); ++i) {
    const Case c(configs[i]);
    LlamaPassOptions options;
    options.z_loss = 0.02f;
    double want_loss = 0, loss = 0;
    const std::vector<float> want = GradientOf(*CreateAutogradStep(c.layout, true, 0.02f), c, &want_loss);
    for (const Kernels* kernels : RunnableKernels()) {
      SCOPED_TRACE(absl::StrCat("config ", i, " ", kernels->name));
      const std::vector<float> got = GradientOf(*CreateLlamaStep(c.layout, *kernels, 2, options), c, &loss);
      EXPECT_NEAR(loss, want_loss, 1e-6 * want_loss);
      ExpectSameGradients(c.layout, got, want, 3e-4);
    }
  }
}

// Bfloat16 has 8 bits of mantissa, a relative error of 2^-9 for each operand; the large weights of this model
// make that a few hundredths after two layers and back.
void ExpectAutogradUpToBfloat16(const Case& c) {
  LlamaPassOptions options;
  options.precision = v1::BF16;
  double want_loss = 0, loss = 0;
  const std::vector<float> want = GradientOf(*CreateAutogradStep(c.layout, true), c, &want_loss);
  for (const int threads : {1, 2}) {
    const auto step = CreateLlamaStep(c.layout, SelectKernels(), threads, options);
    ExpectSameGradients(c.layout, GradientOf(*step, c, &loss), want, 6e-2);
    EXPECT_NEAR(loss, want_loss, 2e-3 * want_loss);
    EXPECT_NE(loss, want_loss);
  }
}

TEST(LlamaStep, InBfloat16AgreesWithAutogradUpToItsRounding) {
  ExpectAutogradUpToBfloat16(Case(TinyConfig()));
  const std::vector<edge::ModelConfig> no_llamas = NoLlamas();
  for (size_t i = 0; i < 2; ++i) {  // those whose layers have other products
    SCOPED_TRACE(i);
    ExpectAutogradUpToBfloat16(Case(no_llamas[i]));
  }
}

void ExpectAutogradsLogits(const Case& c) {
  std::vector<float> got(c.tokens.size() * 61), want(got.size());
  const auto step = CreateLlamaStep(c.layout, SelectKernels(), 1), twin = CreateAutogradStep(c.layout, true);
  step->Load(c.parameters);
  twin->Load(c.parameters);
  step->Logits(c.batch, absl::MakeSpan(got));
  twin->Logits(c.batch, absl::MakeSpan(want));
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-4) << i;
}

TEST(LlamaStep, GivesAutogradsLogits) {
  ExpectAutogradsLogits(Case(TinyConfig()));
  for (const edge::ModelConfig& config : NoLlamas()) ExpectAutogradsLogits(Case(config));
}

void ExpectDerivativeOfTheLoss(const Case& c) {
  const std::unique_ptr<TrainStep> step = CreateLlamaStep(c.layout, SelectKernels(), 1);
  double loss = 0;
  const std::vector<float> gradient = GradientOf(*step, c, &loss, 1.0f);
  const auto twin = CreateAutogradStep(c.layout, true);
  for (const ParameterBlock& block : c.layout.blocks()) {
    // Along the gradient of one tensor, by central difference.
    double norm = 0;
    for (int64_t i = block.offset; i < block.offset + block.size; ++i)
      norm += double{gradient[i]} * gradient[i];
    norm = std::sqrt(norm);
    const double distance = 5e-4;
    const auto moved = [&](double by) {
      std::vector<float> at = c.parameters;
      for (int64_t i = block.offset; i < block.offset + block.size; ++i) {
        at[i] += static_cast<float>(by * gradient[i] / norm);
      }
      twin->Load(at);
      return twin->Loss(c.batch);
    };
    const double slope = (moved(distance) - moved(-distance)) / (2 * distance);
    EXPECT_NEAR(slope / norm, 1.0, 5e-3) << block.spec.name;
  }
}

TEST(LlamaStep, DerivativeIsWhatTheLossDoes) { ExpectDerivativeOfTheLoss(Case(TinyConfig())); }

TEST(LlamaStep, DerivativeIsWhatTheLossDoesWhereTheModelIsNoLlama) {
  const std::vector<edge::ModelConfig> configs = NoLlamas();
  for (size_t i = 0; i < configs.size(); ++i) {
    SCOPED_TRACE(i);
    ExpectDerivativeOfTheLoss(Case(configs[i], 1, 12));
  }
}

TEST(LlamaStep, PassesAndThreadsOnlyRound) {
  const Case c(TinyConfig(), 5, 40);
  double want_loss = 0, loss = 0;
  const std::vector<float> want = GradientOf(*CreateLlamaStep(c.layout, SelectKernels(), 1), c, &want_loss);
  LlamaPassOptions small;
  small.pass_positions = 40;
  small.logit_positions = 7;
  for (const int threads : {1, 2, 8}) {
    const std::unique_ptr<TrainStep> step = CreateLlamaStep(c.layout, SelectKernels(), threads, small);
    ExpectSameGradients(c.layout, GradientOf(*step, c, &loss), want, 1e-4);
    EXPECT_NEAR(loss, want_loss, 1e-6 * want_loss);
    EXPECT_NEAR(step->Loss(c.batch), want_loss, 1e-6 * want_loss);
    double again = 0;
    EXPECT_EQ(GradientOf(*step, c, &again), GradientOf(*step, c, &loss));
    EXPECT_EQ(again, loss);
  }
}

TEST(LlamaStep, SaysWhichValuesAreFinalFromTheLastLayerToTheFirst) {
  edge::ModelConfig untied = TinyConfig();
  untied.tied_embeddings = false;
  edge::ModelConfig shared = TinyConfig();
  shared.layers *= 2;
  shared.layers_per_weights = 2;
  LlamaPassOptions small;
  small.pass_positions = 80;
  for (const edge::ModelConfig& config : {TinyConfig(), untied, shared}) {
    const Case c(config, 5, 40);
    for (const int threads : {1, 2, 8}) {
      const std::unique_ptr<TrainStep> step = CreateLlamaStep(c.layout, SelectKernels(), threads, small);
      double loss = 0;
      std::vector<float> want = GradientOf(*step, c, &loss);
      std::vector<float> gradient(c.layout.size());
      std::fill(want.begin(), want.end(), 0.0f);
      EXPECT_EQ(step->AddGradient(c.batch, 0.01f, absl::MakeSpan(want)), loss);
      std::vector<int64_t> firsts;
      int64_t end = c.layout.size();
      const double streamed =
          step->StreamGradient(c.batch, 0.01f, absl::MakeSpan(gradient), [&](int64_t first) {
            for (int64_t i = first; i < end; ++i) ASSERT_EQ(gradient[i], want[i]) << i;
            EXPECT_LE(first, end);
            if (firsts.empty() || firsts.back() != first) firsts.push_back(end = first);
          });
      EXPECT_EQ(streamed, loss);
      EXPECT_EQ(gradient, want);
      const auto layer = [&](int32_t l) { return c.layout.Offset(edge::TensorRole::kAttentionNorm, l); };
      const int64_t final_norm = c.layout.Offset(edge::TensorRole::kFinalNorm, -1);
      if (threads == 1) {
        EXPECT_EQ(firsts, (std::vector<int64_t>{final_norm, layer(1), layer(0), 0}));
      }
      // Of several threads, layers may be said together; the first one is heard of before the embedding.
      ASSERT_GE(firsts.size(), 2u);
      EXPECT_EQ(firsts[firsts.size() - 2], layer(0));
      EXPECT_EQ(firsts.back(), 0);
    }
  }
}

TEST(LlamaStep, LossOfSpoiledParametersIsNotFinite) {
  Case c(TinyConfig());
  c.parameters[c.layout.Offset(edge::TensorRole::kGate, 1)] = NAN;
  double loss = 0;
  GradientOf(*CreateLlamaStep(c.layout, SelectKernels(), 1), c, &loss);
  EXPECT_FALSE(std::isfinite(loss));
}

TEST(LlamaStep, OverfitsOneBatch) {
  Case c(TinyConfig(), 4, 24);
  InitializeParameters(c.layout, 3, absl::MakeSpan(c.parameters));
  v1::Optimizer optimizer;
  optimizer.set_clip_norm(1);
  Optimizer adamw(c.layout, SelectKernels(), optimizer);
  const std::unique_ptr<TrainStep> step = CreateLlamaStep(c.layout, SelectKernels(), 1);
  int64_t asked = 0;
  for (const int32_t target : c.targets) asked += target >= 0;
  double loss = 0;
  for (int update = 1; update <= 500; ++update) {
    std::vector<float> gradient(c.layout.size());
    step->Load(c.parameters);
    loss = step->AddGradient(c.batch, 1.0f / static_cast<float>(asked), absl::MakeSpan(gradient));
    adamw.Apply(update, 1e-2f, adamw.Norm(gradient), gradient, absl::MakeSpan(c.parameters));
  }
  EXPECT_LT(loss / static_cast<double>(asked), 0.01);
}

}  // namespace
}  // namespace bonsai
