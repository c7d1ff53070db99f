// What stands between the two products of a feed-forward block: SwiGLU over gate and up, or relu(up)^2. A
// part of LlamaPass.
//
// Immutable; safe for concurrent use.
#ifndef BONSAI_WORKER_TRAIN_HIDDEN_ACTIVATION_H_
#define BONSAI_WORKER_TRAIN_HIDDEN_ACTIVATION_H_

#include <cstdint>

#include "edge_runtime/model/config.h"
#include "worker/train/kernels.h"

namespace bonsai {

class HiddenActivation {
 public:
  HiddenActivation(const edge::ModelConfig& config, const Kernels& kernels)
      : kernels_(kernels),
        gated_(config.activation == edge::Activation::kSwiglu),
        hidden_(config.hidden_dim) {}

  // Of a row that Forward reads: gate and then up, or up alone.
  int64_t width() const { return gated_ ? 2 * hidden_ : hidden_; }

  // in[rows, width] -> out[rows, hidden].
  void Forward(const float* in, int64_t rows, float* out) const {
    gated_ ? kernels_.swiglu(in, rows, hidden_, out) : kernels_.relu_squared(in, rows * hidden_, out);
  }

  // `in` becomes its own gradient; dout, the gradient of `out`, becomes `out` again.
  void Backward(float* in, float* dout, int64_t rows) const {
    gated_ ? kernels_.swiglu_backward(in, dout, rows, hidden_)
           : kernels_.relu_squared_backward(in, dout, rows * hidden_);
  }

 private:
  const Kernels& kernels_;
  const bool gated_;
  const int64_t hidden_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_HIDDEN_ACTIVATION_H_
