// The forward and backward pass of a Llama, written out: fused query-key-value and gate-up products,
// activations kept per layer where they are cheaper to keep than to make again, and a loss that holds the
// logits of a few hundred positions at a time and turns them into their gradient in place.
#ifndef BONSAI_WORKER_TRAIN_LLAMA_STEP_H_
#define BONSAI_WORKER_TRAIN_LLAMA_STEP_H_

#include <memory>

#include "worker/train/kernels.h"
#include "worker/train/train_step.h"

namespace bonsai {

struct LlamaStepOptions {
  // Positions that pass through the model together (rounded to whole rows, at least one); bounds the memory.
  int64_t pass_positions = 512;
  // Positions whose logits are held together.
  int64_t logit_positions = 256;
  // The gradient is that of the loss plus z_loss * (log of the softmax's denominator)^2 for each target.
  float z_loss = 0;
};

// `layout` must outlive the step. The config's max_seq_len bounds a batch's positions. Not copyable, one
// thread at a time; steps share nothing.
std::unique_ptr<TrainStep> CreateLlamaStep(const ParameterLayout& layout, const Kernels& kernels,
                                           const LlamaStepOptions& options = {});

// A step that works with several threads: each takes a share of the rows with an own step and gradient
// buffer, which are then added in a fixed order; so the bits depend on the number of threads, not on timing.
std::unique_ptr<TrainStep> CreateParallelStep(const ParameterLayout& layout, const Kernels& kernels,
                                              int threads, const LlamaStepOptions& options = {});

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_LLAMA_STEP_H_
