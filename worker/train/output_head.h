// What comes after the final norm: the output projection, the soft cap of its logits, and the loss, which
// holds the logits of a few hundred positions at a time and turns them into their gradient in place. A part
// of LlamaPass.
//
// Used by one thread at a time: it owns its scratch memory.
#ifndef BONSAI_WORKER_TRAIN_OUTPUT_HEAD_H_
#define BONSAI_WORKER_TRAIN_OUTPUT_HEAD_H_

#include <cstdint>
#include <vector>

#include "worker/train/kernels.h"
#include "worker/train/llama_pass.h"
#include "worker/train/llama_weights.h"

namespace bonsai {

class OutputHead {
 public:
  // All outlive this.
  OutputHead(const edge::ModelConfig& config, const Kernels& kernels, const LlamaWeights& weights,
             const LlamaPassOptions& options);

  // x[n, dim] -> logits[n, vocab].
  void Logits(const float* x, int64_t n, float* logits) const;

  // The summed cross-entropy of x[n, dim], in nats. With a `gradient`: adds `scale` times that of the output
  // projection to it, unless options.layers_only, and writes that of x to dx[n, dim].
  double Loss(const float* x, const int32_t* targets, int64_t n, float scale, float* dx, float* gradient);

 private:
  const Kernels& kernels_;
  const LlamaWeights& weights_;
  const int64_t dim_, vocab_;
  const float soft_cap_, z_loss_;
  const int64_t positions_;  // whose logits are held together
  const bool layers_only_;
  std::vector<float> logits_;
  std::vector<float> capped_;  // only with a soft cap and a gradient
  PackedMatrix packed_;        // the right side of the weight's gradient
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_OUTPUT_HEAD_H_
