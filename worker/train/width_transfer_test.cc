#include "worker/train/width_transfer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <vector>

#include "worker/train/llama_step.h"
#include "worker/train/optimizer.h"
#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

constexpr int32_t kBase = 32, kVocabulary = 61;
constexpr int64_t kRows = 4, kPositions = 16;

// Of heads of 16 values; hidden_dim grows with the width.
edge::ModelConfig ConfigOfWidth(int32_t dim, bool tied) {
  edge::ModelConfig config;
  config.dim = dim;
  config.hidden_dim = 2 * dim;
  config.layers = 2;
  config.heads = dim / 16;
  config.kv_heads = dim / 32;
  config.head_dim = 16;
  config.vocab_size = kVocabulary;
  config.max_seq_len = kPositions;
  config.tied_embeddings = tied;
  return config;
}

v1::Optimizer Adamw(float rate) {
  v1::Optimizer spec;
  spec.set_learning_rate(rate);
  return spec;
}

v1::Optimizer Muon(float rate) {
  v1::Optimizer spec = Adamw(rate);
  spec.mutable_muon()->set_learning_rate(rate);
  return spec;
}

struct Rows {
  std::vector<int32_t> tokens, targets;
};

Rows RowsOf(uint64_t key) {
  Rows rows;
  for (int64_t i = 0; i < kRows * kPositions; ++i) {
    rows.tokens.push_back(static_cast<int32_t>(RandomBits(key, i) % kVocabulary));
    rows.targets.push_back(static_cast<int32_t>(RandomBits(key + 1, i) % kVocabulary));
  }
  return rows;
}

double RootMeanSquare(const std::vector<float>& x) {
  double sum = 0;
  for (const float value : x) sum += double{value} * value;
  return std::sqrt(sum / static_cast<double>(x.size()));
}

// The parameters after `steps` steps.
std::vector<float> Trained(const ParameterLayout& layout, const v1::Optimizer& spec, uint32_t base, int steps,
                           uint64_t seed) {
  const WidthTransfer transfer(layout.config(), base);
  std::vector<float> parameters(layout.size()), gradient(layout.size());
  InitializeParameters(layout, seed, absl::MakeSpan(parameters));
  transfer.ScaleInitialValues(layout, absl::MakeSpan(parameters));
  Optimizer optimizer(layout, SelectKernels(), spec, 1, transfer);
  const auto step = CreateLlamaStep(layout, SelectKernels(), 1);
  const Rows rows = RowsOf(seed);
  const TokenBatch batch = {kRows, kPositions, rows.tokens.data(), rows.targets.data()};
  for (int number = 1; number <= steps; ++number) {
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    step->Load(parameters);
    step->AddGradient(batch, 1.0f / (kRows * kPositions), absl::MakeSpan(gradient));
    optimizer.Apply(number, spec.learning_rate(), optimizer.Norm(gradient), gradient,
                    absl::MakeSpan(parameters));
  }
  return parameters;
}

// How far `steps` steps move the logits of rows that they did not read: the root mean square.
double LogitChange(int32_t dim, bool tied, const v1::Optimizer& spec, uint32_t base, int steps) {
  const ParameterLayout layout = *ParameterLayout::Create(ConfigOfWidth(dim, tied));
  const Rows rows = RowsOf(100);
  const TokenBatch batch = {kRows, kPositions, rows.tokens.data(), rows.targets.data()};
  const auto step = CreateLlamaStep(layout, SelectKernels(), 1);
  std::vector<float> before(kRows * kPositions * kVocabulary), after(before.size());
  const std::vector<float> first = Trained(layout, spec, base, 0, 1);
  step->Load(first);
  step->Logits(batch, absl::MakeSpan(before));
  const std::vector<float> last = Trained(layout, spec, base, steps, 1);
  step->Load(last);
  step->Logits(batch, absl::MakeSpan(after));
  for (size_t i = 0; i < after.size(); ++i) after[i] -= before[i];
  return RootMeanSquare(after);
}

// The coordinate check of Yang et al.: appendix D.1.
void ExpectChangeThatDoesNotGrowWithTheWidth(bool tied, const v1::Optimizer& spec, double least_without,
                                             const std::vector<int32_t>& widths) {
  std::vector<double> with, without;
  for (const int32_t dim : widths) {
    with.push_back(LogitChange(dim, tied, spec, kBase, 4));
    without.push_back(LogitChange(dim, tied, spec, 0, 4));
    std::printf("width %d: %.4f with, %.4f without\n", dim, with.back(), without.back());
  }
  EXPECT_EQ(with[0], without[0]);
  for (size_t i = 1; i < with.size(); ++i) {
    EXPECT_LT(with[i], 1.3 * with[0]) << i;
    EXPECT_GT(with[i], 0.5 * with[0]) << i;  // nor does it vanish
  }
  EXPECT_GT(without.back(), least_without * without[0]);
}

TEST(WidthTransfer, LogitsMoveAsFarAtAnyWidth) {
  for (const bool tied : {true, false}) {
    SCOPED_TRACE(tied);
    ExpectChangeThatDoesNotGrowWithTheWidth(tied, Adamw(3e-3f), 4, {32, 64, 128, 256});
  }
}

TEST(WidthTransfer, SoTheyDoWithMuonsStepsAsTheyAre) {
  for (const bool tied : {true, false}) {
    SCOPED_TRACE(tied);
    ExpectChangeThatDoesNotGrowWithTheWidth(tied, Muon(3e-3f), 2.5, {32, 128});
  }
}

TEST(WidthTransfer, AtItsBaseWidthNothingChanges) {
  for (const bool tied : {true, false}) {
    const ParameterLayout layout = *ParameterLayout::Create(ConfigOfWidth(kBase, tied));
    v1::Optimizer spec = Muon(0.01f);
    spec.set_weight_decay(0.1f);
    EXPECT_TRUE(Trained(layout, spec, kBase, 3, 1) == Trained(layout, spec, 0, 3, 1));
    spec.clear_muon();
    EXPECT_TRUE(Trained(layout, spec, kBase, 3, 1) == Trained(layout, spec, 0, 3, 1));
    EXPECT_FALSE(Trained(layout, spec, kBase / 2, 3, 1) == Trained(layout, spec, 0, 3, 1));
  }
}

// Weight decay alone: the gradient is zero.
TEST(WidthTransfer, WeightsDecayByTheSameShareAtAnyWidth) {
  const ParameterLayout layout = *ParameterLayout::Create(ConfigOfWidth(4 * kBase, false));
  v1::Optimizer spec = Adamw(0.01f);
  spec.set_weight_decay(0.5f);
  Optimizer optimizer(layout, SelectKernels(), spec, 1, WidthTransfer(layout.config(), kBase));
  std::vector<float> parameters(layout.size(), 1.0f);
  const std::vector<float> gradient(layout.size());
  optimizer.Apply(1, 0.01f, 0, gradient, absl::MakeSpan(parameters));
  for (const ParameterBlock& block : layout.blocks()) {
    const float want = block.spec.shape.size() == 2 ? 0.995f : 1.0f;
    EXPECT_NEAR(parameters[block.offset], want, 1e-6) << block.spec.name;
  }
}

}  // namespace
}  // namespace bonsai
