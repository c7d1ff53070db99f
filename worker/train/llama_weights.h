// A Llama's matrices, packed for the products of a training step: each once for the forward pass and once for
// the gradient of its input. Shared by all threads that work on a batch; made again after each update.
#ifndef BONSAI_WORKER_TRAIN_LLAMA_WEIGHTS_H_
#define BONSAI_WORKER_TRAIN_LLAMA_WEIGHTS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "worker/train/packed_matmul.h"
#include "worker/train/parameter_layout.h"

namespace bonsai {

// A matrix w[rows, cols] of the layout; offset is where it begins there, for its gradient.
struct PackedWeight {
  explicit PackedWeight(v1::Precision precision) : forward(precision), backward(precision) {}

  int64_t rows = 0, cols = 0, offset = 0;
  PackedMatrix forward;   // w^T: x[n, cols] -> [n, rows]
  PackedMatrix backward;  // w: d[n, rows] -> [n, cols]
};

class LlamaWeights {
 public:
  struct Layer {
    explicit Layer(v1::Precision precision)
        : qkv(precision), attention_out(precision), gate_up(precision), down(precision) {}

    PackedWeight qkv, attention_out, gate_up, down;     // gate_up: up alone where there is no gate
    int64_t attention_norm = 0, feed_forward_norm = 0;  // offsets
    int64_t query_norm = 0, key_norm = 0;               // offsets, with qk_norm
  };

  // `layout` outlives this. Holds each matrix twice in `precision`, beside the parameters.
  LlamaWeights(const ParameterLayout& layout, v1::Precision precision, int threads);

  // Packs these parameters, which must stay as they are, where they are, until the next call.
  void Load(absl::Span<const float> parameters);

  // Those of layer `index`, which may serve its neighbours too.
  const Layer& layer(int32_t index) const { return layers_[index / layers_per_weights_]; }
  const PackedWeight& output() const { return output_; }  // [vocab, dim]
  const float* parameters() const { return parameters_; }
  int64_t embedding() const { return embedding_; }    // offset
  int64_t final_norm() const { return final_norm_; }  // offset

  // Once the backward passes of all layers but the first `layers` are done, the gradient's values from here
  // on are final.
  int64_t FinalFrom(int32_t layers) const {
    // Weights that serve several layers are done with the first of these.
    return final_from_[(layers + layers_per_weights_ - 1) / layers_per_weights_];
  }

 private:
  const size_t threads_;
  const int32_t layers_per_weights_;
  std::vector<Layer> layers_;
  PackedWeight output_;
  std::vector<PackedWeight*> all_;
  int64_t embedding_, final_norm_;
  std::vector<int64_t> final_from_;  // [weight layers + 1]
  const float* parameters_ = nullptr;
};

// Adds d[n, rows]^T x[n, cols] to the weight's part of a gradient.
void AddWeightGradient(const PackedWeight& weight, const float* d, const PackedMatrix& x, float* gradient);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_LLAMA_WEIGHTS_H_
