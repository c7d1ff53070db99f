#include "worker/train/query_key_norm.h"

#include <algorithm>

namespace bonsai {

QueryKeyNorm::QueryKeyNorm(const edge::ModelConfig& config, const Kernels& kernels)
    : kernels_(kernels),
      heads_(config.heads),
      kv_heads_(config.kv_heads),
      head_dim_(config.head_dim),
      epsilon_(config.norm_epsilon) {}

void QueryKeyNorm::Forward(const LlamaWeights& weights, const LlamaWeights::Layer& layer, int64_t n,
                           float* qkv, Kept* kept) const {
  const float *query_weight = weights.parameters() + layer.query_norm,
              *key_weight = weights.parameters() + layer.key_norm;
  const int64_t width = normed_heads() * head_dim_, keys = heads_ * head_dim_;
  kept->heads.resize(std::max(kept->heads.size(), static_cast<size_t>(n * width)));
  kept->inverse_rms.resize(std::max(kept->inverse_rms.size(), static_cast<size_t>(n * normed_heads())));
  for (int64_t i = 0; i < n; ++i) {
    float* row = qkv + i * stride();
    float* heads = kept->heads.data() + i * width;
    float* inverse_rms = kept->inverse_rms.data() + i * normed_heads();
    std::copy_n(row, width, heads);
    kernels_.rms_norm(heads, query_weight, heads_, head_dim_, epsilon_, row, inverse_rms);
    kernels_.rms_norm(heads + keys, key_weight, kv_heads_, head_dim_, epsilon_, row + keys,
                      inverse_rms + heads_);
  }
}

void QueryKeyNorm::Backward(const LlamaWeights& weights, const LlamaWeights::Layer& layer, int64_t n,
                            const Kept& kept, float* d_qkv, float* gradient) {
  const float *query_weight = weights.parameters() + layer.query_norm,
              *key_weight = weights.parameters() + layer.key_norm;
  const int64_t width = normed_heads() * head_dim_, keys = heads_ * head_dim_;
  d_heads_.resize(width);
  for (int64_t i = 0; i < n; ++i) {
    float* row = d_qkv + i * stride();
    const float* heads = kept.heads.data() + i * width;
    const float* inverse_rms = kept.inverse_rms.data() + i * normed_heads();
    std::fill(d_heads_.begin(), d_heads_.end(), 0.0f);
    kernels_.rms_norm_backward(row, heads, query_weight, inverse_rms, heads_, head_dim_, d_heads_.data(),
                               gradient + layer.query_norm);
    kernels_.rms_norm_backward(row + keys, heads + keys, key_weight, inverse_rms + heads_, kv_heads_,
                               head_dim_, d_heads_.data() + keys, gradient + layer.key_norm);
    std::copy_n(d_heads_.data(), width, row);
  }
}

}  // namespace bonsai
