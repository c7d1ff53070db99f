#include "worker/train/autograd_step.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

#include <cmath>
#include <string>
#include <vector>

namespace bonsai {
namespace {

using at::Tensor;
using edge::TensorRole;

class AutogradStep final : public TrainStep {
 public:
  AutogradStep(const ParameterLayout& layout, bool in_double, float z_loss)
      : layout_(layout),
        config_(layout.config()),
        dtype_(in_double ? at::kDouble : at::kFloat),
        z_loss_(z_loss) {}

  void Load(absl::Span<const float> parameters) override { parameters_ = parameters; }

  double AddGradient(const TokenBatch& batch, float scale, absl::Span<float> gradient) override {
    MakeWeights(true);
    const Tensor logits = Forward(batch).flatten(0, 1), targets = TargetsOf(batch);
    const Tensor loss = CrossEntropy(logits, targets);
    const Tensor extra = logits.logsumexp(-1).square().masked_select(targets >= 0).sum() * z_loss_;
    const std::vector<Tensor> gradients =
        torch::autograd::grad({loss + extra}, weights_, {}, c10::nullopt, false, /*allow_unused=*/false);
    for (size_t t = 0; t < gradients.size(); ++t) {
      const ParameterBlock& block = layout_.blocks()[t];
      Tensor(at::from_blob(gradient.data() + block.offset, block.spec.shape, at::kFloat))
          .add_((gradients[t] * scale).to(at::kFloat));
    }
    return loss.item<double>();
  }

  double Loss(const TokenBatch& batch) override {
    MakeWeights(false);
    return CrossEntropy(Forward(batch).flatten(0, 1), TargetsOf(batch)).item<double>();
  }

  void Logits(const TokenBatch& batch, absl::Span<float> logits) override {
    MakeWeights(false);
    const Tensor out = Forward(batch).to(at::kFloat).contiguous();
    std::copy_n(out.data_ptr<float>(), out.numel(), logits.data());
  }

 private:
  void MakeWeights(bool with_gradient) {
    weights_.clear();
    for (const ParameterBlock& block : layout_.blocks()) {
      const Tensor view =
          at::from_blob(const_cast<float*>(parameters_.data()) + block.offset, block.spec.shape, at::kFloat);
      weights_.push_back(view.clone().to(dtype_).set_requires_grad(with_gradient));
    }
  }

  const Tensor& Weight(TensorRole role, int32_t layer) const {
    if (layer > 0) layer /= config_.layers_per_weights;
    for (size_t t = 0; t < weights_.size(); ++t) {
      const edge::TensorSpec& spec = layout_.blocks()[t].spec;
      if (spec.role == role && spec.layer == layer) return weights_[t];
    }
    std::abort();
  }

  Tensor Norm(const Tensor& x, const Tensor& weight) const {
    return x * (x.square().mean(-1, true) + config_.norm_epsilon).rsqrt() * weight;
  }

  // x: [rows, heads, positions, head_dim]
  Tensor Rotary(const Tensor& x) const {
    const int64_t half = config_.head_dim / 2;
    const Tensor frequency =
        at::pow(double{config_.rope_theta}, at::arange(0, half, at::kDouble) * (-2.0 / config_.head_dim));
    const Tensor angle = at::outer(at::arange(0, x.size(2), at::kDouble), frequency);
    const Tensor cosine = at::cat({angle, angle}, 1).cos().to(dtype_),
                 sine = at::cat({angle, angle}, 1).sin().to(dtype_);
    const Tensor turned = at::cat({-x.slice(-1, half), x.slice(-1, 0, half)}, -1);
    return x * cosine + turned * sine;
  }

  Tensor Heads(const Tensor& x, int64_t heads) const {
    return x.view({x.size(0), x.size(1), heads, config_.head_dim}).transpose(1, 2);
  }

  // [rows or 1, 1, positions, positions]: true where a query (the row) does not see a key (the column).
  static Tensor HiddenOf(const TokenBatch& batch) {
    const Tensor later = at::ones({1, 1, batch.positions, batch.positions}, at::kBool).triu(1);
    if (batch.begins == nullptr) return later;
    const Tensor begins =
        at::from_blob(const_cast<int32_t*>(batch.begins), {batch.rows, 1, batch.positions, 1}, at::kInt);
    return later.logical_or(at::arange(batch.positions, at::kInt) < begins);
  }

  Tensor Attention(const Tensor& x, int32_t l, const Tensor& hidden) const {
    const int64_t group = config_.heads / config_.kv_heads;
    Tensor q = Heads(at::matmul(x, Weight(TensorRole::kQuery, l).t()), config_.heads);
    Tensor k = Heads(at::matmul(x, Weight(TensorRole::kKey, l).t()), config_.kv_heads);
    if (config_.qk_norm) {
      q = Norm(q, Weight(TensorRole::kQueryNorm, l));
      k = Norm(k, Weight(TensorRole::kKeyNorm, l));
    }
    q = Rotary(q);
    k = Rotary(k);
    const Tensor v = Heads(at::matmul(x, Weight(TensorRole::kValue, l).t()), config_.kv_heads);
    const Tensor scores =
        at::matmul(q, k.repeat_interleave(group, 1).transpose(-2, -1)) / std::sqrt(config_.head_dim);
    const Tensor weights = scores.masked_fill(hidden, -INFINITY).softmax(-1);
    const Tensor mixed = at::matmul(weights, v.repeat_interleave(group, 1)).transpose(1, 2).flatten(2);
    return at::matmul(mixed, Weight(TensorRole::kAttentionOutput, l).t());
  }

  Tensor Activation(const Tensor& y, int32_t l) const {
    const Tensor up = at::matmul(y, Weight(TensorRole::kUp, l).t());
    if (config_.activation == edge::Activation::kReluSquared) return up.relu().square();
    return at::silu(at::matmul(y, Weight(TensorRole::kGate, l).t())) * up;
  }

  Tensor Forward(const TokenBatch& batch) const {
    const Tensor tokens =
        at::from_blob(const_cast<int32_t*>(batch.tokens), {batch.rows, batch.positions}, at::kInt).clone();
    Tensor x = at::embedding(Weight(TensorRole::kEmbedding, -1), tokens);
    const Tensor hidden = HiddenOf(batch);
    for (int32_t l = 0; l < config_.layers; ++l) {
      x = x + Attention(Norm(x, Weight(TensorRole::kAttentionNorm, l)), l, hidden);
      const Tensor y = Norm(x, Weight(TensorRole::kFeedForwardNorm, l));
      x = x + at::matmul(Activation(y, l), Weight(TensorRole::kDown, l).t());
    }
    x = Norm(x, Weight(TensorRole::kFinalNorm, -1));
    const Tensor logits =
        at::matmul(x, Weight(config_.tied_embeddings ? TensorRole::kEmbedding : TensorRole::kOutput, -1).t());
    const double cap = config_.logit_soft_cap;
    return cap > 0 ? (logits / cap).tanh() * cap : logits;
  }

  static Tensor TargetsOf(const TokenBatch& batch) {
    return at::from_blob(const_cast<int32_t*>(batch.targets), {batch.rows * batch.positions}, at::kInt)
        .to(at::kLong);
  }

  static Tensor CrossEntropy(const Tensor& logits, const Tensor& targets) {
    return at::cross_entropy_loss(logits, at::where(targets < 0, -100, targets), {}, at::Reduction::Sum,
                                  -100);
  }

  const ParameterLayout& layout_;
  const edge::ModelConfig config_;
  const at::ScalarType dtype_;
  const float z_loss_;
  absl::Span<const float> parameters_;
  std::vector<Tensor> weights_;  // one for each block of the layout
};

}  // namespace

std::unique_ptr<TrainStep> CreateAutogradStep(const ParameterLayout& layout, bool in_double, float z_loss) {
  return std::make_unique<AutogradStep>(layout, in_double, z_loss);
}

}  // namespace bonsai
