// The seam between a training run and the mathematics: the loss of a batch and its gradient, over flat
// buffers laid out by ParameterLayout. LlamaStep is the fast one; tests compare it with an autograd twin.
//
// A pass or a step is used by one thread at a time.
#ifndef BONSAI_WORKER_TRAIN_TRAIN_STEP_H_
#define BONSAI_WORKER_TRAIN_TRAIN_STEP_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/types/span.h"
#include "worker/train/parameter_layout.h"

namespace bonsai {

// Rows of token ids that someone else keeps. tokens and targets are [rows, positions], row-major. Every token
// is an id of the vocabulary; a target is one too, or negative where the model is not asked. A position sees
// those before it in its row; or, where there are begins, those before it in its own document.
struct TokenBatch {
  int64_t rows = 0;
  int64_t positions = 0;
  const int32_t* tokens = nullptr;
  const int32_t* targets = nullptr;
  // [rows, positions]: the position of its row at which each position's document begins, which never falls
  // along a row; null: each row is one document. Rotary positions go on from one document to the next: what a
  // query makes of a key depends on their distance alone, so a document is the same wherever it lies.
  const int32_t* begins = nullptr;

  // `count` rows from `first` on.
  TokenBatch Slice(int64_t first, int64_t count) const {
    return {count, positions, tokens + first * positions, targets + first * positions,
            begins == nullptr ? nullptr : begins + first * positions};
  }
};

// Hears, while a gradient is being made, that its values from `first` on are final. `first` falls from call
// to call; the last is 0. Called on any of the threads that make it, one at a time: it should not keep them.
using FinalFrom = std::function<void(int64_t first)>;

class BatchPass {
 public:
  virtual ~BatchPass() = default;

  // Adds `scale` times the gradient of the batch's summed cross-entropy to `gradient`. Returns that sum, in
  // nats, not scaled; it is not finite where the computation was not.
  virtual double AddGradient(const TokenBatch& batch, float scale, absl::Span<float> gradient) = 0;

  // The same bits, and says as they become so which values are final: a layer's when its backward pass of the
  // last rows is done.
  virtual double StreamGradient(const TokenBatch& batch, float scale, absl::Span<float> gradient,
                                const FinalFrom& final_from) {
    const double loss = AddGradient(batch, scale, gradient);
    final_from(0);
    return loss;
  }

  // The summed cross-entropy alone, in nats.
  virtual double Loss(const TokenBatch& batch) = 0;

  // The logits, [rows, positions, vocabulary].
  virtual void Logits(const TokenBatch& batch, absl::Span<float> logits) = 0;
};

class TrainStep : public BatchPass {
 public:
  // The parameters of the calls that follow: they must stay as they are, where they are, until the next Load.
  virtual void Load(absl::Span<const float> parameters) = 0;

  // True if AddGradient adds the sum of all ranks' gradients: then all of them call it, with rows or without.
  virtual bool SumsOverRanks() const { return false; }
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_TRAIN_STEP_H_
