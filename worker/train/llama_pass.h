// The forward and backward pass of a Llama, written out: fused query-key-value and gate-up products,
// activations kept per layer where they are cheaper to keep than to make again, and the loss of OutputHead.
// Layers that share their weights add up in the same gradient.
#ifndef BONSAI_WORKER_TRAIN_LLAMA_PASS_H_
#define BONSAI_WORKER_TRAIN_LLAMA_PASS_H_

#include <memory>

#include "worker/train/kernels.h"
#include "worker/train/llama_weights.h"
#include "worker/train/train_step.h"

namespace bonsai {

struct LlamaPassOptions {
  // Positions that pass through the model together (rounded to whole rows, at least one); bounds the memory.
  int64_t pass_positions = 512;
  // Positions whose logits are held together.
  int64_t logit_positions = 256;
  // The gradient is that of the loss plus z_loss * (log of the softmax's denominator)^2 for each target.
  float z_loss = 0;
  // Of the weights' products; attention stays in F32.
  v1::Precision precision = v1::F32;
  // The gradient of embedding and output projection is left as it is.
  bool layers_only = false;
};

// `weights` outlives the pass, and has been loaded when one of its functions is called. The config's
// max_seq_len bounds a batch's positions. Passes share nothing else.
std::unique_ptr<BatchPass> CreateLlamaPass(const ParameterLayout& layout, const Kernels& kernels,
                                           const LlamaWeights& weights, const LlamaPassOptions& options = {});

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_LLAMA_PASS_H_
