#include "worker/train/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/train/random_bits.h"
#include "worker/train/shard_map.h"

namespace bonsai {
namespace {

ParameterLayout TinyLayout(int32_t vocabulary = 30) {
  edge::ModelConfig config;
  config.dim = 16;
  config.hidden_dim = 24;
  config.layers = 1;
  config.heads = config.kv_heads = 2;
  config.head_dim = 8;
  config.vocab_size = vocabulary;
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
TEST(Optimizer, FollowsAdamwsFormulaOnEveryInstructionSet) {
  const ParameterLayout layout = TinyLayout();
  for (const Kernels* kernels : RunnableKernels()) {
    SCOPED_TRACE(kernels->name);
    Optimizer adamw(layout, *kernels, TinyOptimizer(0.1f, 1.0f));
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
      const double norm = adamw.Norm(gradient);
      EXPECT_NEAR(norm, std::sqrt(square), 1e-4);
      adamw.Apply(t, 0.01f, norm, gradient, absl::MakeSpan(parameters));
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

TEST(Optimizer, NormOfAGradientThatIsNotFiniteIsNeither) {
  const ParameterLayout layout = TinyLayout();
  for (const Kernels* kernels : RunnableKernels()) {
    std::vector<float> gradient(layout.size(), 0.1f);
    gradient[7] = INFINITY;
    EXPECT_FALSE(std::isfinite(Optimizer(layout, *kernels, TinyOptimizer(0, 0)).Norm(gradient)));
  }
}

v1::Optimizer TinyMuon(bool normalize_rows) {
  v1::Optimizer optimizer = TinyOptimizer(0.1f, 0);
  optimizer.set_learning_rate(0.01f);
  optimizer.mutable_muon()->set_learning_rate(0.02f);
  optimizer.mutable_muon()->set_normalize_rows(normalize_rows);
  return optimizer;
}

std::vector<float> RandomGradient(const ParameterLayout& layout, uint64_t key) {
  std::vector<float> gradient(layout.size());
  for (size_t i = 0; i < gradient.size(); ++i) {
    gradient[i] = static_cast<float>(RandomBits(key, i) % 2001) / 1000.0f - 1.0f;
  }
  return gradient;
}

// The first step of a matrix, without decay, divided by the learning rate and its length.
std::vector<float> FirstStep(const ParameterLayout& layout, const ParameterBlock& block,
                             bool normalize_rows) {
  v1::Optimizer spec = TinyMuon(normalize_rows);
  spec.set_weight_decay(0);
  Optimizer muon(layout, SelectKernels(), spec);
  std::vector<float> parameters(layout.size());
  const std::vector<float> gradient = RandomGradient(layout, 1);
  muon.Apply(1, 0.01f, muon.Norm(gradient), gradient, absl::MakeSpan(parameters));
  const double rows = static_cast<double>(block.spec.shape[0]),
               cols = static_cast<double>(block.spec.shape[1]);
  const float length = 0.02f * static_cast<float>(std::sqrt(std::max(1.0, rows / cols)));
  std::vector<float> step(block.size);
  for (int64_t i = 0; i < block.size; ++i) step[i] = -parameters[block.offset + i] / length;
  return step;
}

TEST(Optimizer, MuonStepsAreNearlyOrthogonalAndPointAlongTheGradient) {
  const ParameterLayout layout = TinyLayout();
  const std::vector<float> gradient = RandomGradient(layout, 1);
  int matrices = 0;
  for (const ParameterBlock& block : layout.blocks()) {
    if (block.spec.layer < 0 || block.spec.shape.size() != 2) continue;
    ++matrices;
    const std::vector<float> step = FirstStep(layout, block, false);
    double along = 0, square = 0;
    for (int64_t i = 0; i < block.size; ++i) {
      along += double{step[i]} * gradient[block.offset + i];
      square += double{step[i]} * step[i];
    }
    EXPECT_GT(along, 0) << block.spec.name;
    // All singular values near 1: their squares add up to about as many.
    const double count = static_cast<double>(std::min(block.spec.shape[0], block.spec.shape[1]));
    EXPECT_GT(square, 0.5 * count) << block.spec.name;
    EXPECT_LT(square, 1.3 * count) << block.spec.name;
  }
  EXPECT_EQ(matrices, 7);
}

TEST(Optimizer, NorMuonEvensOutTheRowsAndKeepsTheLength) {
  const ParameterLayout layout = TinyLayout();
  const ParameterBlock& block =
      *std::find_if(layout.blocks().begin(), layout.blocks().end(),
                    [](const ParameterBlock& b) { return b.spec.role == edge::TensorRole::kDown; });
  const std::vector<float> plain = FirstStep(layout, block, false), even = FirstStep(layout, block, true);
  const auto square = [](const float* x, int64_t count) { return SelectKernels().sum_of_squares(x, count); };
  EXPECT_NEAR(square(even.data(), block.size), square(plain.data(), block.size), 1e-3);
  const int64_t rows = block.spec.shape[0], cols = block.spec.shape[1];
  bool uneven = false;
  for (int64_t r = 0; r < rows; ++r) {
    EXPECT_NEAR(square(even.data() + r * cols, cols), square(even.data(), cols), 1e-3) << r;
    uneven = uneven || std::abs(square(plain.data() + r * cols, cols) - square(plain.data(), cols)) > 0.02;
  }
  EXPECT_TRUE(uneven);  // else there was nothing to even out
}

TEST(Optimizer, MuonLeavesEmbeddingAndNormsToAdamw) {
  const ParameterLayout layout = TinyLayout();
  Optimizer muon(layout, SelectKernels(), TinyMuon(false));
  Optimizer adamw(layout, SelectKernels(), TinyOptimizer(0.1f, 0));
  std::vector<float> with(layout.size(), 1.0f), without(with);
  const std::vector<float> gradient = RandomGradient(layout, 2);
  muon.Apply(1, 0.01f, muon.Norm(gradient), gradient, absl::MakeSpan(with));
  adamw.Apply(1, 0.01f, adamw.Norm(gradient), gradient, absl::MakeSpan(without));
  for (const ParameterBlock& block : layout.blocks()) {
    const bool matrix = block.spec.layer >= 0 && block.spec.shape.size() == 2;
    bool same = true;
    for (int64_t i = block.offset; i < block.offset + block.size; ++i) same = same && with[i] == without[i];
    EXPECT_EQ(same, !matrix) << block.spec.name;
  }
}

TEST(Optimizer, ThreadsChangeNoBit) {
  const ParameterLayout layout = TinyLayout();
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 5}) {
    Optimizer muon(layout, SelectKernels(), TinyMuon(true), threads);
    std::vector<float> parameters(layout.size(), 0.5f);
    for (int t = 1; t <= 3; ++t) {
      const std::vector<float> gradient = RandomGradient(layout, t);
      muon.Apply(t, 0.01f, muon.Norm(gradient), gradient, absl::MakeSpan(parameters));
    }
    results.push_back(parameters);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

// Each share of a ShardMap updates its own values, as one optimizer of all of them would.
TEST(Optimizer, SharesUpdateWhatTheyHaveToTheSameBits) {
  const ParameterLayout layout = TinyLayout(300);  // an embedding that can be cut
  for (const v1::Optimizer& spec : {TinyOptimizer(0.1f, 0.5f), TinyMuon(false), TinyMuon(true)}) {
    Optimizer whole(layout, SelectKernels(), spec, 2);
    const ShardMap shards(layout, spec, 3);
    std::vector<Optimizer> owners;
    for (int rank = 0; rank < 3; ++rank)
      owners.emplace_back(layout, SelectKernels(), spec, 1, WidthTransfer(), shards.RangesOf(rank));
    std::vector<float> want(layout.size());
    InitializeParameters(layout, 1, absl::MakeSpan(want));
    std::vector<std::vector<float>> got(3, want);
    for (int t = 1; t <= 3; ++t) {
      const std::vector<float> gradient = RandomGradient(layout, t);
      const double norm = whole.Norm(gradient);
      std::vector<double> sums(whole.SquareSums(gradient).size());
      for (const Optimizer& owner : owners) {
        const std::vector<double> own = owner.SquareSums(gradient);
        for (size_t i = 0; i < sums.size(); ++i) sums[i] += own[i];
      }
      EXPECT_EQ(Optimizer::NormOf(sums), norm);
      whole.Apply(t, 0.01f, norm, gradient, absl::MakeSpan(want));
      for (int rank = 0; rank < 3; ++rank)
        owners[rank].Apply(t, 0.01f, norm, gradient, absl::MakeSpan(got[rank]));
    }
    std::vector<size_t> next(3);
    for (const OwnedRange& range : shards.ranges()) {
      for (uint64_t i = range.begin; i < range.end; ++i) {
        ASSERT_EQ(got[range.owner][i], want[i]) << i;
        ASSERT_EQ(owners[range.owner].moment1()[next[range.owner]], whole.moment1()[i]) << i;
        ASSERT_EQ(owners[range.owner].moment2()[next[range.owner]++], whole.moment2()[i]) << i;
      }
    }
    for (int rank = 0; rank < 3; ++rank) EXPECT_EQ(owners[rank].moment1().size(), next[rank]);
  }
}

}  // namespace
}  // namespace bonsai
