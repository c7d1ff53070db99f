#include "worker/train/low_rank_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "worker/train/autograd_step.h"
#include "worker/train/gradient_tree.h"
#include "worker/train/llama_step.h"
#include "worker/train/random_bits.h"
#include "worker/train/step_case_testing.h"

namespace bonsai {
namespace {

using edge::TensorRole;

constexpr int64_t kRows = 4, kPositions = 40;

class LowRank : public testing::Test {
 protected:
  LowRank() {
    model_ = std::make_unique<LowRankModel>(layout_, frozen_, LowRankShape{3, 6}, 2);
    adapters_.resize(model_->layout().size());
    model_->Initialize(9, absl::MakeSpan(adapters_));
  }

  // As after some updates: no B is zero any more.
  void Stir() {
    for (size_t i = 0; i < adapters_.size(); ++i) adapters_[i] += 0.05f * NormalOf(RandomBits(4, i));
  }

  LlamaPassOptions Options() const {
    LlamaPassOptions options;
    options.layers_only = true;
    return options;
  }

  std::vector<float> Gradient() {
    auto step = CreateLlamaStep(layout_, SelectKernels(), 2, Options());
    step->Load(model_->Load(adapters_));
    std::vector<float> gradient(adapters_.size(), 0.5f);  // not 0: it is added to
    CreateLowRankPass(*model_, std::move(step))->AddGradient(batch_, 0.01f, absl::MakeSpan(gradient));
    for (float& value : gradient) value -= 0.5f;
    return gradient;
  }

  const StepCase case_{TinyConfig(kPositions), kRows, kPositions};
  const ParameterLayout& layout_ = case_.layout;
  const std::vector<float>& frozen_ = case_.parameters;
  const TokenBatch& batch_ = case_.batch;
  std::vector<float> adapters_;
  std::unique_ptr<LowRankModel> model_;
};

TEST_F(LowRank, HasAPairForEveryMatrixOfALayerAsPeftNamesThem) {
  const std::vector<ParameterBlock>& blocks = model_->layout().blocks();
  ASSERT_EQ(blocks.size(), 2u * 7 * 2);
  EXPECT_EQ(blocks[0].spec.name, "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
  EXPECT_EQ(blocks[0].spec.shape, (std::vector<int64_t>{3, 32}));
  EXPECT_EQ(blocks[27].spec.name, "base_model.model.model.layers.1.mlp.down_proj.lora_B.weight");
  EXPECT_EQ(blocks[27].spec.shape, (std::vector<int64_t>{32, 3}));
  EXPECT_LT(model_->layout().size(), layout_.size() / 3);
}

TEST_F(LowRank, IsAtFirstTheModelAsItWas) {
  const absl::Span<const float> merged = model_->Load(adapters_);
  EXPECT_TRUE(std::equal(merged.begin(), merged.end(), frozen_.begin(), frozen_.end()));
  double square = 0;
  for (const float value : adapters_) square += double{value} * value;
  EXPECT_GT(square, 1.0);  // A is not zero, or nothing would ever be learned
}

TEST_F(LowRank, AddsTheScaledProductAndNothingElse) {
  Stir();
  const absl::Span<const float> merged = model_->Load(adapters_);
  size_t pair = 0;
  for (const ParameterBlock& block : layout_.blocks()) {
    const bool changed = block.spec.layer >= 0 && block.spec.shape.size() == 2;
    const float* a = changed ? adapters_.data() + model_->layout().blocks()[pair].offset : nullptr;
    const float* b = changed ? adapters_.data() + model_->layout().blocks()[pair + 1].offset : nullptr;
    pair += changed ? 2 : 0;
    const int64_t cols = block.spec.shape.back();
    for (int64_t i = 0; i < block.size; ++i) {
      double want = frozen_[block.offset + i];
      for (int64_t k = 0; changed && k < 3; ++k) want += 2.0 * b[i / cols * 3 + k] * a[k * cols + i % cols];
      ASSERT_NEAR(merged[block.offset + i], want, 1e-6) << block.spec.name;
    }
  }
}

// Of the loss in double precision, along each tensor's gradient.
TEST_F(LowRank, PulledBackGradientIsWhatTheLossDoes) {
  Stir();
  const std::vector<float> gradient = Gradient();
  const auto loss_at = [&](const ParameterBlock& block, double by) {
    std::vector<float> moved = adapters_;
    for (int64_t i = block.offset; i < block.offset + block.size; ++i) {
      moved[i] += static_cast<float>(by * gradient[i]);
    }
    const auto twin = CreateAutogradStep(layout_, true);
    twin->Load(model_->Load(moved));
    return 0.01 * twin->Loss(batch_);
  };
  for (const ParameterBlock& block : model_->layout().blocks()) {
    double square = 0;
    for (int64_t i = block.offset; i < block.offset + block.size; ++i)
      square += double{gradient[i]} * gradient[i];
    ASSERT_GT(square, 0) << block.spec.name;
    const double distance = 2e-3 / std::sqrt(square);
    const double slope = (loss_at(block, distance) - loss_at(block, -distance)) / (2 * distance);
    EXPECT_NEAR(slope / square, 1.0, 1e-2) << block.spec.name;
  }
}

TEST_F(LowRank, APassOverLayersOnlyLeavesTheRestOfAGradientAlone) {
  std::vector<float> whole(layout_.size()), part(layout_.size());
  LlamaPassOptions options;
  for (std::vector<float>* gradient : {&whole, &part}) {
    options.layers_only = gradient == &part;
    const auto step = CreateLlamaStep(layout_, SelectKernels(), 1, options);
    step->Load(frozen_);
    step->AddGradient(batch_, 1.0f, absl::MakeSpan(*gradient));
  }
  for (const ParameterBlock& block : layout_.blocks()) {
    const bool left = block.spec.role == TensorRole::kEmbedding;
    for (int64_t i = block.offset; i < block.offset + block.size; ++i) {
      ASSERT_EQ(part[i], left ? 0.0f : whole[i]) << block.spec.name;
    }
  }
}

TEST_F(LowRank, ATreeOfAnyNumberOfThreadsGivesTheSameBits) {
  Stir();
  const std::vector<float> want = Gradient();
  std::vector<TokenBatch> parts;
  for (int64_t row = 0; row < kRows; ++row) parts.push_back(batch_.Slice(row, 1));
  std::vector<float> first;
  for (const int threads : {1, 2, 4}) {
    GradientTree tree(layout_, SelectKernels(), threads, Options(), model_.get());
    tree.Load(model_->Load(adapters_));
    std::vector<float> sum(adapters_.size());
    tree.Sum(parts, 0.01f, absl::MakeSpan(sum));
    if (first.empty()) first = sum;
    EXPECT_EQ(sum, first);
    for (size_t i = 0; i < sum.size(); ++i) ASSERT_NEAR(sum[i], want[i], 1e-5) << i;
  }
}

}  // namespace
}  // namespace bonsai
