// The width rule (muP, Yang et al. 2022): factors on initial values and on AdamW's learning rates with which
// rates found at one width of the model hold at another.
//
// With s = base width / width, and all else at a fixed ratio to the width (hidden_dim, kv_heads) or fixed
// (head_dim, layers, vocabulary):
//   matrices inside of layers      initial values * sqrt(s), rate * s
//   an output projection, untied   initial values * s,       rate * s
//   the final norm, where tied     initial values * s,       rate * s
//   embedding, other norms         as they are
// The second and third row stand for a factor s on the logits: with AdamW, a weight that is s times as large
// and learns s times as fast moves its product as one behind a factor s does, up to epsilon and the weight's
// share in the norm that clip_norm bounds. So the model that comes out is a plain Llama, and nothing has to
// be folded into it. Attention's scale stays 1 / sqrt(head_dim): muP's 1 / head_dim is that times a constant
// as long as head_dim is one. Muon's steps need no factor: theirs have the singular values that keep a
// product's change the same at any width (Yang, Simon and Bernstein 2023). Weight decay takes off the same
// share of a value per step at any width.
// What holds is the base's behaviour, its faults included: a base too narrow for initial values of
// normal(0, 0.02) hands its slow learning on to every width.
//
// Made by the pretrain runner and TrainingRun. Immutable.
#ifndef BONSAI_WORKER_TRAIN_WIDTH_TRANSFER_H_
#define BONSAI_WORKER_TRAIN_WIDTH_TRANSFER_H_

#include <cstdint>

#include "absl/types/span.h"
#include "worker/train/parameter_layout.h"

namespace bonsai {

class WidthTransfer {
 public:
  WidthTransfer() = default;  // the same for every width
  // base_dim: the width at which the rates were found, PretrainSpec.width_transfer_dim; 0: as above.
  WidthTransfer(const edge::ModelConfig& config, uint32_t base_dim);

  // Multiplies what InitializeParameters made.
  void ScaleInitialValues(const ParameterLayout& layout, absl::Span<float> parameters) const;

  // Of AdamW's learning rate; exactly 1 at the base width.
  float RateFactor(const edge::TensorSpec& spec) const;

 private:
  float InitialFactor(const edge::TensorSpec& spec) const;
  bool ScalesLogits(const edge::TensorSpec& spec) const;

  float ratio_ = 1;
  bool tied_ = true;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_WIDTH_TRANSFER_H_
