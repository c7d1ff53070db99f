#include "worker/train/llama_step.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/train/attention.h"
#include "worker/train/matmul.h"

namespace bonsai {
namespace {

using edge::TensorRole;

// Rows whose gate and up are made and used together, while they are in the second-level cache.
constexpr int64_t kHiddenRows = 128;

struct LayerOffsets {
  int64_t attention_norm, qkv, attention_out, feed_forward_norm, gate_up, down;
};

// What a layer's backward pass needs of its forward pass.
struct LayerActivations {
  std::vector<float> input;         // [n, dim]
  std::vector<float> input_scale;   // [n]
  std::vector<float> qkv;           // [n, qkv_width], rotated
  std::vector<float> log_sum;       // [rows, heads, positions]
  std::vector<float> attention;     // [n, heads * head_dim]
  std::vector<float> middle;        // [n, dim]
  std::vector<float> middle_scale;  // [n]
  std::vector<float> gate_up;       // [n, 2 hidden]
};

class LlamaStep final : public TrainStep {
 public:
  LlamaStep(const ParameterLayout& layout, const Kernels& kernels, const LlamaStepOptions& options)
      : layout_(layout), config_(layout.config()), kernels_(kernels), options_(options), attention_(kernels) {
    for (int32_t l = 0; l < config_.layers; ++l) {
      offsets_.push_back({layout.Offset(TensorRole::kAttentionNorm, l), layout.Offset(TensorRole::kQuery, l),
                          layout.Offset(TensorRole::kAttentionOutput, l),
                          layout.Offset(TensorRole::kFeedForwardNorm, l), layout.Offset(TensorRole::kGate, l),
                          layout.Offset(TensorRole::kDown, l)});
    }
    embedding_ = layout.Offset(TensorRole::kEmbedding, -1);
    final_norm_ = layout.Offset(TensorRole::kFinalNorm, -1);
    output_ = config_.tied_embeddings ? embedding_ : layout.Offset(TensorRole::kOutput, -1);
    layers_.resize(config_.layers);
    FillRotations();
  }

  double AddGradient(const TokenBatch& batch, absl::Span<const float> parameters, float scale,
                     absl::Span<float> gradient) override {
    double loss = 0;
    ForEachPass(batch, [&](const TokenBatch& pass) {
      Forward(pass, parameters.data());
      loss += Head(pass, parameters.data(), scale, gradient.data());
      Backward(pass, parameters.data(), gradient.data());
    });
    return loss;
  }

  double Loss(const TokenBatch& batch, absl::Span<const float> parameters) override {
    double loss = 0;
    ForEachPass(batch, [&](const TokenBatch& pass) {
      Forward(pass, parameters.data());
      loss += Head(pass, parameters.data(), 0.0f, nullptr);
    });
    return loss;
  }

  void Logits(const TokenBatch& batch, absl::Span<const float> parameters,
              absl::Span<float> logits) override {
    float* out = logits.data();
    ForEachPass(batch, [&](const TokenBatch& pass) {
      Forward(pass, parameters.data());
      const int64_t n = pass.rows * pass.positions;
      Multiply(n, config_.vocab_size, config_.dim, {normed_.data(), config_.dim},
               {parameters.data() + output_, config_.dim, Transpose::kYes}, 0, out, config_.vocab_size);
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
      visit(slice);
    }
  }

  AttentionShape ShapeOf(const TokenBatch& pass) const {
    return {pass.rows, pass.positions, config_.heads, config_.kv_heads, config_.head_dim};
  }
  int64_t qkv_width() const { return int64_t{config_.heads + 2 * config_.kv_heads} * config_.head_dim; }
  int64_t attention_width() const { return int64_t{config_.heads} * config_.head_dim; }

  void FillRotations();
  void Reserve(int64_t n);
  void Rotate(const TokenBatch& pass, float* qkv, float sign) const;
  void Forward(const TokenBatch& pass, const float* w);
  void ForwardLayer(int32_t l, const TokenBatch& pass, const float* w, float* next);
  // The loss; with a gradient also that of the output projection, and d_residual_ before the final norm.
  double Head(const TokenBatch& pass, const float* w, float scale, float* gradient);
  void Backward(const TokenBatch& pass, const float* w, float* gradient);
  void BackwardFeedForward(int32_t l, int64_t n, const float* w, float* gradient);
  void BackwardAttention(int32_t l, const TokenBatch& pass, const float* w, float* gradient);

  const ParameterLayout& layout_;
  const edge::ModelConfig config_;
  const Kernels& kernels_;
  const LlamaStepOptions options_;
  CausalAttention attention_;
  std::vector<LayerOffsets> offsets_;
  int64_t embedding_ = 0, final_norm_ = 0, output_ = 0;
  std::vector<float> cosine_, sine_;  // [max_seq_len, head_dim / 2]

  int64_t reserved_ = 0;
  std::vector<LayerActivations> layers_;
  std::vector<float> last_, last_scale_;  // what the final norm reads
  std::vector<float> normed_;             // a norm's output
  std::vector<float> hidden_;             // [n, hidden]
  std::vector<float> d_residual_, d_normed_, d_qkv_, d_attention_;
  std::vector<float> logits_;
};

void LlamaStep::FillRotations() {
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

void LlamaStep::Reserve(int64_t n) {
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
    layer.gate_up.resize(n * 2 * config_.hidden_dim);
  }
  for (std::vector<float>* buffer : {&last_, &normed_, &d_residual_, &d_normed_}) buffer->resize(n * dim);
  last_scale_.resize(n);
  hidden_.resize(n * config_.hidden_dim);
  d_qkv_.resize(n * qkv_width());
  d_attention_.resize(n * attention_width());
  logits_.resize(std::min(n, options_.logit_positions) * config_.vocab_size);
}

void LlamaStep::Rotate(const TokenBatch& pass, float* qkv, float sign) const {
  // Queries and keys are neighbours: one call turns both.
  kernels_.rotate(qkv, pass.rows * pass.positions, qkv_width(), config_.heads + config_.kv_heads,
                  config_.head_dim, pass.positions, cosine_.data(), sine_.data(), sign);
}

void LlamaStep::ForwardLayer(int32_t l, const TokenBatch& pass, const float* w, float* next) {
  const LayerOffsets& at = offsets_[l];
  LayerActivations& a = layers_[l];
  const int64_t n = pass.rows * pass.positions, dim = config_.dim, hidden = config_.hidden_dim;
  kernels_.rms_norm(a.input.data(), w + at.attention_norm, n, dim, config_.norm_epsilon, normed_.data(),
                    a.input_scale.data());
  Multiply(n, qkv_width(), dim, {normed_.data(), dim}, {w + at.qkv, dim, Transpose::kYes}, 0, a.qkv.data(),
           qkv_width());
  Rotate(pass, a.qkv.data(), 1.0f);
  attention_.Forward(ShapeOf(pass), a.qkv.data(), a.attention.data(), a.log_sum.data());
  std::copy_n(a.input.data(), n * dim, a.middle.data());
  Multiply(n, dim, attention_width(), {a.attention.data(), attention_width()},
           {w + at.attention_out, attention_width(), Transpose::kYes}, 1, a.middle.data(), dim);
  kernels_.rms_norm(a.middle.data(), w + at.feed_forward_norm, n, dim, config_.norm_epsilon, normed_.data(),
                    a.middle_scale.data());
  for (int64_t r = 0; r < n; r += kHiddenRows) {
    const int64_t count = std::min(kHiddenRows, n - r);
    float* gate_up = a.gate_up.data() + r * 2 * hidden;
    Multiply(count, 2 * hidden, dim, {normed_.data() + r * dim, dim}, {w + at.gate_up, dim, Transpose::kYes},
             0, gate_up, 2 * hidden);
    kernels_.swiglu(gate_up, count, hidden, hidden_.data() + r * hidden);
  }
  std::copy_n(a.middle.data(), n * dim, next);
  Multiply(n, dim, hidden, {hidden_.data(), hidden}, {w + at.down, hidden, Transpose::kYes}, 1, next, dim);
}

void LlamaStep::Forward(const TokenBatch& pass, const float* w) {
  const int64_t n = pass.rows * pass.positions, dim = config_.dim;
  float* first = config_.layers > 0 ? layers_[0].input.data() : last_.data();
  for (int64_t i = 0; i < n; ++i) std::copy_n(w + embedding_ + pass.tokens[i] * dim, dim, first + i * dim);
  for (int32_t l = 0; l < config_.layers; ++l) {
    ForwardLayer(l, pass, w, l + 1 < config_.layers ? layers_[l + 1].input.data() : last_.data());
  }
  kernels_.rms_norm(last_.data(), w + final_norm_, n, dim, config_.norm_epsilon, normed_.data(),
                    last_scale_.data());
}

double LlamaStep::Head(const TokenBatch& pass, const float* w, float scale, float* gradient) {
  const int64_t n = pass.rows * pass.positions, dim = config_.dim, vocab = config_.vocab_size;
  const float* output = w + output_;
  double loss = 0;
  for (int64_t first = 0; first < n; first += options_.logit_positions) {
    const int64_t count = std::min(options_.logit_positions, n - first);
    const float* x = normed_.data() + first * dim;
    Multiply(count, vocab, dim, {x, dim}, {output, dim, Transpose::kYes}, 0, logits_.data(), vocab);
    loss +=
        kernels_.cross_entropy(logits_.data(), pass.targets + first, count, vocab, scale, options_.z_loss);
    if (gradient == nullptr) continue;
    Multiply(count, dim, vocab, {logits_.data(), vocab}, {output, dim}, 0, d_normed_.data() + first * dim,
             dim);
    Multiply(vocab, dim, count, {logits_.data(), vocab, Transpose::kYes}, {x, dim}, 1, gradient + output_,
             dim);
  }
  return loss;
}

void LlamaStep::BackwardFeedForward(int32_t l, int64_t n, const float* w, float* gradient) {
  const LayerOffsets& at = offsets_[l];
  LayerActivations& a = layers_[l];
  const int64_t dim = config_.dim, hidden = config_.hidden_dim;
  for (int64_t r = 0; r < n; r += kHiddenRows) {
    const int64_t count = std::min(kHiddenRows, n - r);
    float* d_hidden = hidden_.data() + r * hidden;
    Multiply(count, hidden, dim, {d_residual_.data() + r * dim, dim}, {w + at.down, hidden}, 0, d_hidden,
             hidden);
    kernels_.swiglu_backward(a.gate_up.data() + r * 2 * hidden, d_hidden, count, hidden);
  }
  Multiply(dim, hidden, n, {d_residual_.data(), dim, Transpose::kYes}, {hidden_.data(), hidden}, 1,
           gradient + at.down, hidden);
  kernels_.apply_norm(a.middle.data(), w + at.feed_forward_norm, a.middle_scale.data(), n, dim,
                      normed_.data());
  Multiply(2 * hidden, dim, n, {a.gate_up.data(), 2 * hidden, Transpose::kYes}, {normed_.data(), dim}, 1,
           gradient + at.gate_up, dim);
  Multiply(n, dim, 2 * hidden, {a.gate_up.data(), 2 * hidden}, {w + at.gate_up, dim}, 0, d_normed_.data(),
           dim);
  kernels_.rms_norm_backward(d_normed_.data(), a.middle.data(), w + at.feed_forward_norm,
                             a.middle_scale.data(), n, dim, d_residual_.data(),
                             gradient + at.feed_forward_norm);
}

void LlamaStep::BackwardAttention(int32_t l, const TokenBatch& pass, const float* w, float* gradient) {
  const LayerOffsets& at = offsets_[l];
  const LayerActivations& a = layers_[l];
  const int64_t n = pass.rows * pass.positions, dim = config_.dim, width = attention_width();
  Multiply(n, width, dim, {d_residual_.data(), dim}, {w + at.attention_out, width}, 0, d_attention_.data(),
           width);
  Multiply(dim, width, n, {d_residual_.data(), dim, Transpose::kYes}, {a.attention.data(), width}, 1,
           gradient + at.attention_out, width);
  attention_.Backward(ShapeOf(pass), a.qkv.data(), a.attention.data(), a.log_sum.data(), d_attention_.data(),
                      d_qkv_.data());
  Rotate(pass, d_qkv_.data(), -1.0f);
  kernels_.apply_norm(a.input.data(), w + at.attention_norm, a.input_scale.data(), n, dim, normed_.data());
  Multiply(qkv_width(), dim, n, {d_qkv_.data(), qkv_width(), Transpose::kYes}, {normed_.data(), dim}, 1,
           gradient + at.qkv, dim);
  Multiply(n, dim, qkv_width(), {d_qkv_.data(), qkv_width()}, {w + at.qkv, dim}, 0, d_normed_.data(), dim);
  kernels_.rms_norm_backward(d_normed_.data(), a.input.data(), w + at.attention_norm, a.input_scale.data(), n,
                             dim, d_residual_.data(), gradient + at.attention_norm);
}

void LlamaStep::Backward(const TokenBatch& pass, const float* w, float* gradient) {
  const int64_t n = pass.rows * pass.positions, dim = config_.dim;
  std::fill_n(d_residual_.data(), n * dim, 0.0f);
  kernels_.rms_norm_backward(d_normed_.data(), last_.data(), w + final_norm_, last_scale_.data(), n, dim,
                             d_residual_.data(), gradient + final_norm_);
  for (int32_t l = config_.layers - 1; l >= 0; --l) {
    BackwardFeedForward(l, n, w, gradient);
    BackwardAttention(l, pass, w, gradient);
  }
  for (int64_t i = 0; i < n; ++i) {
    kernels_.add(gradient + embedding_ + pass.tokens[i] * dim, d_residual_.data() + i * dim, dim);
  }
}

}  // namespace

std::unique_ptr<TrainStep> CreateLlamaStep(const ParameterLayout& layout, const Kernels& kernels,
                                           const LlamaStepOptions& options) {
  return std::make_unique<LlamaStep>(layout, kernels, options);
}

}  // namespace bonsai
