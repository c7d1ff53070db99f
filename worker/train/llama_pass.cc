#include "worker/train/llama_pass.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/train/attention.h"
#include "worker/train/hidden_activation.h"
#include "worker/train/output_head.h"
#include "worker/train/packed_matmul.h"
#include "worker/train/query_key_norm.h"

namespace bonsai {
namespace {

// Rows whose gate and up are made and used together, while they are in the second-level cache.
constexpr int64_t kHiddenRows = 128;

// What a layer's backward pass needs of its forward pass.
struct LayerActivations {
  std::vector<float> input;         // [n, dim]
  std::vector<float> input_scale;   // [n]
  std::vector<float> qkv;           // [n, qkv_width], rotated
  std::vector<float> log_sum;       // [rows, heads, positions]
  std::vector<float> attention;     // [n, heads * head_dim]
  std::vector<float> middle;        // [n, dim]
  std::vector<float> middle_scale;  // [n]
  std::vector<float> gate_up;       // [n, activation's width]
  QueryKeyNorm::Kept heads;         // with qk_norm
};

class LlamaPass final : public BatchPass {
 public:
  LlamaPass(const ParameterLayout& layout, const Kernels& kernels, const LlamaWeights& weights,
            const LlamaPassOptions& options)
      : config_(layout.config()),
        kernels_(kernels),
        weights_(weights),
        options_(options),
        attention_(kernels),
        query_key_norm_(config_, kernels),
        activation_(config_, kernels),
        head_(config_, kernels, weights, options),
        layers_(layout.config().layers),
        packed_(options.precision) {
    FillRotations();
  }

  double AddGradient(const TokenBatch& batch, float scale, absl::Span<float> gradient) override {
    return StreamGradient(batch, scale, gradient, [](int64_t) {});
  }

  double StreamGradient(const TokenBatch& batch, float scale, absl::Span<float> gradient,
                        const FinalFrom& final_from) override {
    double loss = 0;
    ForEachPass(batch, [&](const TokenBatch& pass, bool last) {
      Forward(pass);
      loss += Head(pass, scale, gradient.data());
      Backward(pass, gradient.data(), last ? &final_from : nullptr);
    });
    final_from(0);
    return loss;
  }

  double Loss(const TokenBatch& batch) override {
    double loss = 0;
    ForEachPass(batch, [&](const TokenBatch& pass, bool) {
      Forward(pass);
      loss += Head(pass, 0.0f, nullptr);
    });
    return loss;
  }

  void Logits(const TokenBatch& batch, absl::Span<float> logits) override {
    float* out = logits.data();
    ForEachPass(batch, [&](const TokenBatch& pass, bool) {
      Forward(pass);
      const int64_t n = pass.rows * pass.positions;
      head_.Logits(normed_.data(), n, out);
      out += n * config_.vocab_size;
    });
  }

 private:
  template <typename Visit>
  void ForEachPass(const TokenBatch& batch, const Visit& visit) {
    const int64_t rows_max =
        std::max<int64_t>(1, options_.pass_positions / std::max<int64_t>(1, batch.positions));
    // Passes of nearly equal size: the memory of the largest, and no small remainder.
    const int64_t passes = (batch.rows + rows_max - 1) / rows_max;
    for (int64_t pass = 0; pass < passes; ++pass) {
      const int64_t first = batch.rows * pass / passes, end = batch.rows * (pass + 1) / passes;
      const TokenBatch slice = batch.Slice(first, end - first);
      Reserve(slice.rows * slice.positions);
      visit(slice, pass + 1 == passes);
    }
  }

  AttentionShape ShapeOf(const TokenBatch& pass) const {
    return {pass.rows, pass.positions, config_.heads, config_.kv_heads, config_.head_dim, pass.begins};
  }
  int64_t qkv_width() const { return int64_t{config_.heads + 2 * config_.kv_heads} * config_.head_dim; }
  int64_t attention_width() const { return int64_t{config_.heads} * config_.head_dim; }

  void FillRotations();
  void Reserve(int64_t n);
  void Rotate(const TokenBatch& pass, float* qkv, float sign) const;
  void Norm(const float* x, int64_t weight, int64_t n, float* scale);
  void Forward(const TokenBatch& pass);
  void ForwardLayer(int32_t l, const TokenBatch& pass, float* next);
  // The loss; with a gradient also that of the output projection, and d_normed_ of the final norm.
  double Head(const TokenBatch& pass, float scale, float* gradient) {
    return head_.Loss(normed_.data(), pass.targets, pass.rows * pass.positions, scale, d_normed_.data(),
                      gradient);
  }
  void Backward(const TokenBatch& pass, float* gradient, const FinalFrom* final_from);
  void BackwardFeedForward(int32_t l, int64_t n, float* gradient);
  void BackwardAttention(int32_t l, const TokenBatch& pass, float* gradient);
  // Makes x's norm again, packed as the right side of a weight's gradient.
  void PackNormed(const float* x, int64_t weight, const float* scale, int64_t n);

  const edge::ModelConfig config_;
  const Kernels& kernels_;
  const LlamaWeights& weights_;
  const LlamaPassOptions options_;
  CausalAttention attention_;
  QueryKeyNorm query_key_norm_;
  const HiddenActivation activation_;
  OutputHead head_;
  std::vector<float> cosine_, sine_;  // [max_seq_len, head_dim / 2]
  int64_t reserved_ = 0;
  std::vector<LayerActivations> layers_;
  std::vector<float> last_, last_scale_;  // what the final norm reads
  std::vector<float> normed_;             // a norm's output
  std::vector<float> hidden_;             // [n, hidden]
  std::vector<float> d_residual_, d_normed_, d_qkv_, d_attention_;
  PackedMatrix packed_;  // the right side of a weight's gradient
};

void LlamaPass::FillRotations() {
  const int64_t half = config_.head_dim / 2;
  cosine_.resize(config_.max_seq_len * half);
  sine_.resize(cosine_.size());
  for (int64_t position = 0; position < config_.max_seq_len; ++position) {
    for (int64_t i = 0; i < half; ++i) {
      const double exponent = -2.0 * static_cast<double>(i) / config_.head_dim;
      const double angle = static_cast<double>(position) * std::pow(double{config_.rope_theta}, exponent);
      cosine_[position * half + i] = static_cast<float>(std::cos(angle));
      sine_[position * half + i] = static_cast<float>(std::sin(angle));
    }
  }
}

void LlamaPass::Reserve(int64_t n) {
  if (n <= reserved_) return;
  reserved_ = n;
  const int64_t dim = config_.dim;
  for (LayerActivations& layer : layers_) {
    layer.input.resize(n * dim);
    layer.input_scale.resize(n);
    layer.qkv.resize(n * qkv_width());
    layer.log_sum.resize(n * config_.heads);
    layer.attention.resize(n * attention_width());
    layer.middle.resize(n * dim);
    layer.middle_scale.resize(n);
    layer.gate_up.resize(n * activation_.width());
  }
  for (std::vector<float>* buffer : {&last_, &normed_, &d_residual_, &d_normed_}) buffer->resize(n * dim);
  last_scale_.resize(n);
  hidden_.resize(n * config_.hidden_dim);
  d_qkv_.resize(n * qkv_width());
  d_attention_.resize(n * attention_width());
}

void LlamaPass::Rotate(const TokenBatch& pass, float* qkv, float sign) const {
  // Queries and keys are neighbours: one call turns both.
  kernels_.rotate(qkv, pass.rows * pass.positions, qkv_width(), config_.heads + config_.kv_heads,
                  config_.head_dim, pass.positions, cosine_.data(), sine_.data(), sign);
}

void LlamaPass::Norm(const float* x, int64_t weight, int64_t n, float* scale) {
  kernels_.rms_norm(x, weights_.parameters() + weight, n, config_.dim, config_.norm_epsilon, normed_.data(),
                    scale);
}

void LlamaPass::ForwardLayer(int32_t l, const TokenBatch& pass, float* next) {
  const LlamaWeights::Layer& w = weights_.layer(l);
  LayerActivations& a = layers_[l];
  const int64_t n = pass.rows * pass.positions, dim = config_.dim, hidden = config_.hidden_dim;
  Norm(a.input.data(), w.attention_norm, n, a.input_scale.data());
  Multiply(n, {normed_.data(), dim}, w.qkv.forward, 0, a.qkv.data(), qkv_width());
  if (config_.qk_norm) query_key_norm_.Forward(weights_, w, n, a.qkv.data(), &a.heads);
  Rotate(pass, a.qkv.data(), 1.0f);
  attention_.Forward(ShapeOf(pass), a.qkv.data(), a.attention.data(), a.log_sum.data());
  std::copy_n(a.input.data(), n * dim, a.middle.data());
  Multiply(n, {a.attention.data(), attention_width()}, w.attention_out.forward, 1, a.middle.data(), dim);
  Norm(a.middle.data(), w.feed_forward_norm, n, a.middle_scale.data());
  for (int64_t r = 0; r < n; r += kHiddenRows) {
    const int64_t count = std::min(kHiddenRows, n - r);
    float* gate_up = a.gate_up.data() + r * activation_.width();
    Multiply(count, {normed_.data() + r * dim, dim}, w.gate_up.forward, 0, gate_up, activation_.width());
    activation_.Forward(gate_up, count, hidden_.data() + r * hidden);
  }
  std::copy_n(a.middle.data(), n * dim, next);
  Multiply(n, {hidden_.data(), hidden}, w.down.forward, 1, next, dim);
}

void LlamaPass::Forward(const TokenBatch& pass) {
  const int64_t n = pass.rows * pass.positions, dim = config_.dim;
  const float* embedding = weights_.parameters() + weights_.embedding();
  float* first = config_.layers > 0 ? layers_[0].input.data() : last_.data();
  for (int64_t i = 0; i < n; ++i) std::copy_n(embedding + pass.tokens[i] * dim, dim, first + i * dim);
  for (int32_t l = 0; l < config_.layers; ++l) {
    ForwardLayer(l, pass, l + 1 < config_.layers ? layers_[l + 1].input.data() : last_.data());
  }
  Norm(last_.data(), weights_.final_norm(), n, last_scale_.data());
}

void LlamaPass::PackNormed(const float* x, int64_t weight, const float* scale, int64_t n) {
  kernels_.apply_norm(x, weights_.parameters() + weight, scale, n, config_.dim, normed_.data());
  packed_.Pack(n, config_.dim, {normed_.data(), config_.dim});
}

void LlamaPass::BackwardFeedForward(int32_t l, int64_t n, float* gradient) {
  const LlamaWeights::Layer& w = weights_.layer(l);
  LayerActivations& a = layers_[l];
  const int64_t dim = config_.dim, hidden = config_.hidden_dim;
  for (int64_t r = 0; r < n; r += kHiddenRows) {
    const int64_t count = std::min(kHiddenRows, n - r);
    float* d_hidden = hidden_.data() + r * hidden;
    Multiply(count, {d_residual_.data() + r * dim, dim}, w.down.backward, 0, d_hidden, hidden);
    activation_.Backward(a.gate_up.data() + r * activation_.width(), d_hidden, count);
  }
  packed_.Pack(n, hidden, {hidden_.data(), hidden});
  AddWeightGradient(w.down, d_residual_.data(), packed_, gradient);
  PackNormed(a.middle.data(), w.feed_forward_norm, a.middle_scale.data(), n);
  AddWeightGradient(w.gate_up, a.gate_up.data(), packed_, gradient);
  Multiply(n, {a.gate_up.data(), activation_.width()}, w.gate_up.backward, 0, d_normed_.data(), dim);
  kernels_.rms_norm_backward(d_normed_.data(), a.middle.data(), weights_.parameters() + w.feed_forward_norm,
                             a.middle_scale.data(), n, dim, d_residual_.data(),
                             gradient + w.feed_forward_norm);
}

void LlamaPass::BackwardAttention(int32_t l, const TokenBatch& pass, float* gradient) {
  const LlamaWeights::Layer& w = weights_.layer(l);
  const LayerActivations& a = layers_[l];
  const int64_t n = pass.rows * pass.positions, dim = config_.dim, width = attention_width();
  Multiply(n, {d_residual_.data(), dim}, w.attention_out.backward, 0, d_attention_.data(), width);
  packed_.Pack(n, width, {a.attention.data(), width});
  AddWeightGradient(w.attention_out, d_residual_.data(), packed_, gradient);
  attention_.Backward(ShapeOf(pass), a.qkv.data(), a.attention.data(), a.log_sum.data(), d_attention_.data(),
                      d_qkv_.data());
  Rotate(pass, d_qkv_.data(), -1.0f);
  if (config_.qk_norm) query_key_norm_.Backward(weights_, w, n, a.heads, d_qkv_.data(), gradient);
  PackNormed(a.input.data(), w.attention_norm, a.input_scale.data(), n);
  AddWeightGradient(w.qkv, d_qkv_.data(), packed_, gradient);
  Multiply(n, {d_qkv_.data(), qkv_width()}, w.qkv.backward, 0, d_normed_.data(), dim);
  kernels_.rms_norm_backward(d_normed_.data(), a.input.data(), weights_.parameters() + w.attention_norm,
                             a.input_scale.data(), n, dim, d_residual_.data(), gradient + w.attention_norm);
}

void LlamaPass::Backward(const TokenBatch& pass, float* gradient, const FinalFrom* final_from) {
  const int64_t n = pass.rows * pass.positions, dim = config_.dim;
  std::fill_n(d_residual_.data(), n * dim, 0.0f);
  kernels_.rms_norm_backward(d_normed_.data(), last_.data(), weights_.parameters() + weights_.final_norm(),
                             last_scale_.data(), n, dim, d_residual_.data(),
                             gradient + weights_.final_norm());
  if (final_from != nullptr) (*final_from)(weights_.FinalFrom(config_.layers));
  for (int32_t l = config_.layers - 1; l >= 0; --l) {
    BackwardFeedForward(l, n, gradient);
    BackwardAttention(l, pass, gradient);
    if (final_from != nullptr) (*final_from)(weights_.FinalFrom(l));
  }
  if (options_.layers_only) return;
  for (int64_t i = 0; i < n; ++i) {
    kernels_.add(gradient + weights_.embedding() + pass.tokens[i] * dim, d_residual_.data() + i * dim, dim);
  }
}

}  // namespace

std::unique_ptr<BatchPass> CreateLlamaPass(const ParameterLayout& layout, const Kernels& kernels,
                                           const LlamaWeights& weights, const LlamaPassOptions& options) {
  return std::make_unique<LlamaPass>(layout, kernels, weights, options);
}

}  // namespace bonsai
