// RMSNorm of each head's query and key before they are rotated (qk_norm), and its gradient, in the rows of
// queries, keys and values that attention reads. A part of LlamaPass.
//
// Used by one thread at a time: it owns its scratch memory.
#ifndef BONSAI_WORKER_TRAIN_QUERY_KEY_NORM_H_
#define BONSAI_WORKER_TRAIN_QUERY_KEY_NORM_H_

#include <cstdint>
#include <vector>

#include "edge_runtime/model/config.h"
#include "worker/train/kernels.h"
#include "worker/train/llama_weights.h"

namespace bonsai {

class QueryKeyNorm {
 public:
  // What the gradient needs of the forward pass.
  struct Kept {
    std::vector<float> heads;        // [n, heads + kv_heads, head_dim], as they came
    std::vector<float> inverse_rms;  // [n, heads + kv_heads]
  };

  QueryKeyNorm(const edge::ModelConfig& config, const Kernels& kernels);

  // qkv[n, (heads + 2 kv_heads) * head_dim]: its queries and keys become their norms, by the layer's weights.
  void Forward(const LlamaWeights& weights, const LlamaWeights::Layer& layer, int64_t n, float* qkv,
               Kept* kept) const;

  // d_qkv, the gradient of what Forward wrote, becomes that of what it read. Adds the weights' gradients to
  // `gradient`.
  void Backward(const LlamaWeights& weights, const LlamaWeights::Layer& layer, int64_t n, const Kept& kept,
                float* d_qkv, float* gradient);

 private:
  int64_t normed_heads() const { return heads_ + kv_heads_; }
  int64_t stride() const { return (heads_ + 2 * kv_heads_) * head_dim_; }

  const Kernels& kernels_;
  const int64_t heads_, kv_heads_, head_dim_;
  const float epsilon_;
  std::vector<float> d_heads_;  // of one position
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_QUERY_KEY_NORM_H_
