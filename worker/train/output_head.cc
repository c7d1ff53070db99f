#include "worker/train/output_head.h"

#include <algorithm>

namespace bonsai {

OutputHead::OutputHead(const edge::ModelConfig& config, const Kernels& kernels, const LlamaWeights& weights,
                       const LlamaPassOptions& options)
    : kernels_(kernels),
      weights_(weights),
      dim_(config.dim),
      vocab_(config.vocab_size),
      soft_cap_(config.logit_soft_cap),
      z_loss_(options.z_loss),
      positions_(options.logit_positions),
      layers_only_(options.layers_only),
      packed_(options.precision) {}

void OutputHead::Logits(const float* x, int64_t n, float* logits) const {
  Multiply(n, {x, dim_}, weights_.output().forward, 0, logits, vocab_);
  if (soft_cap_ > 0) kernels_.soft_cap(logits, n * vocab_, soft_cap_);
}

double OutputHead::Loss(const float* x, const int32_t* targets, int64_t n, float scale, float* dx,
                        float* gradient) {
  const PackedWeight& output = weights_.output();
  const size_t held = static_cast<size_t>(std::min(n, positions_) * vocab_);
  if (logits_.size() < held) logits_.resize(held);
  double loss = 0;
  for (int64_t first = 0; first < n; first += positions_) {
    const int64_t count = std::min(positions_, n - first), size = count * vocab_;
    const float* rows = x + first * dim_;
    Logits(rows, count, logits_.data());
    if (soft_cap_ > 0 && gradient != nullptr) capped_.assign(logits_.data(), logits_.data() + size);
    loss += kernels_.cross_entropy(logits_.data(), targets + first, count, vocab_, scale, z_loss_);
    if (gradient == nullptr) continue;
    if (soft_cap_ > 0) kernels_.soft_cap_backward(capped_.data(), logits_.data(), size, soft_cap_);
    Multiply(count, {logits_.data(), vocab_}, output.backward, 0, dx + first * dim_, dim_);
    if (layers_only_) continue;
    packed_.Pack(count, dim_, {rows, dim_});
    AddWeightGradient(output, logits_.data(), packed_, gradient);
  }
  return loss;
}

}  // namespace bonsai
