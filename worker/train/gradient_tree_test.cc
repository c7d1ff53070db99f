#include "worker/train/gradient_tree.h"

#include <gtest/gtest.h>

#include "worker/train/llama_step.h"
#include "worker/train/random_bits.h"
#include "worker/train/step_case_testing.h"

namespace bonsai {
namespace {

constexpr int64_t kPositions = 20;

class GradientTreeTest : public testing::Test {
 protected:
  GradientTreeTest()
      : layout_(*ParameterLayout::Create(TinyConfig(kPositions))), parameters_(layout_.size()) {
    InitializeParameters(layout_, 5, absl::MakeSpan(parameters_));
    tokens_.resize(13 * kPositions);
    for (size_t i = 0; i < tokens_.size(); ++i) tokens_[i] = static_cast<int32_t>(RandomBits(1, i) % 61);
    batch_ = {13, kPositions, tokens_.data(), tokens_.data()};
  }

  // Eight batches of one or two rows, and one of none.
  std::vector<TokenBatch> Batches() const {
    std::vector<TokenBatch> batches;
    for (int64_t i = 0; i < 7; ++i)
      batches.push_back(batch_.Slice(13 * i / 7, 13 * (i + 1) / 7 - 13 * i / 7));
    batches.push_back({0, kPositions, tokens_.data(), tokens_.data()});
    return batches;
  }

  ParameterLayout layout_;
  std::vector<float> parameters_;
  std::vector<int32_t> tokens_;
  TokenBatch batch_;
};

TEST_F(GradientTreeTest, AnyNumberOfThreadsGivesTheSameBits) {
  std::vector<float> want(layout_.size()), got(layout_.size(), 7.0f);
  GradientTree alone(layout_, SelectKernels(), 1);
  alone.Load(parameters_);
  const double want_loss = alone.Sum(Batches(), 0.1f, absl::MakeSpan(want));
  for (const int threads : {1, 2, 3, 4, 8, 32}) {
    GradientTree tree(layout_, SelectKernels(), threads);
    tree.Load(parameters_);
    for (int repeat = 0; repeat < 2; ++repeat) {
      EXPECT_EQ(tree.Sum(Batches(), 0.1f, absl::MakeSpan(got)), want_loss);
      EXPECT_EQ(got, want) << threads;
    }
  }
}

TEST_F(GradientTreeTest, HalvesAddUpToTheWholeBitForBit) {
  std::vector<float> want(layout_.size()), left(want), right(want);
  GradientTree tree(layout_, SelectKernels(), 2);
  tree.Load(parameters_);
  const std::vector<TokenBatch> batches = Batches();
  const double whole = tree.Sum(batches, 0.1f, absl::MakeSpan(want));
  const absl::Span<const TokenBatch> all = batches;
  const double sum =
      tree.Sum(all.first(4), 0.1f, absl::MakeSpan(left)) + tree.Sum(all.last(4), 0.1f, absl::MakeSpan(right));
  EXPECT_EQ(sum, whole);
  for (size_t i = 0; i < want.size(); ++i) ASSERT_EQ(left[i] + right[i], want[i]) << i;
}

TEST_F(GradientTreeTest, IsTheGradientOfAllRowsUpToRounding) {
  std::vector<float> got(layout_.size()), want(layout_.size());
  GradientTree tree(layout_, SelectKernels(), 2);
  tree.Load(parameters_);
  const double loss = tree.Sum(Batches(), 0.1f, absl::MakeSpan(got));
  const auto step = CreateLlamaStep(layout_, SelectKernels(), 1);
  step->Load(parameters_);
  const double want_loss = step->AddGradient(batch_, 0.1f, absl::MakeSpan(want));
  EXPECT_NEAR(loss, want_loss, 1e-6 * want_loss);
  for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-5) << i;
}

}  // namespace
}  // namespace bonsai
