#include "worker/train/llama_weights.h"

#include <algorithm>

#include "worker/train/thread_share.h"

namespace bonsai {
namespace {

// Where the tensors of the layer end that holds the tensor at `offset`.
int64_t LayerEnd(const ParameterLayout& layout, int64_t offset) {
  const std::vector<ParameterBlock>& blocks = layout.blocks();
  const auto at = std::find_if(blocks.begin(), blocks.end(),
                               [&](const ParameterBlock& block) { return block.offset == offset; });
  int64_t end = 0;
  for (const ParameterBlock& block : blocks) {
    if (block.spec.layer == at->spec.layer) end = std::max(end, block.offset + block.size);
  }
  return end;
}

}  // namespace

using edge::TensorRole;

LlamaWeights::LlamaWeights(const ParameterLayout& layout, v1::Precision precision, int threads)
    : threads_(static_cast<size_t>(std::max(1, threads))),
      layers_per_weights_(layout.config().layers_per_weights),
      layers_(layout.config().weight_layers(), Layer(precision)),
      output_(precision) {
  const edge::ModelConfig& config = layout.config();
  const int64_t dim = config.dim, hidden = config.hidden_dim;
  const int64_t width = int64_t{config.heads} * config.head_dim;
  const int64_t qkv_width = int64_t{config.heads + 2 * config.kv_heads} * config.head_dim;
  const auto place = [&](PackedWeight& weight, int64_t rows, int64_t cols, TensorRole role, int32_t layer) {
    weight.rows = rows;
    weight.cols = cols;
    weight.offset = layout.Offset(role, layer);
    all_.push_back(&weight);
  };
  const bool gated = config.activation == edge::Activation::kSwiglu;
  for (int32_t l = 0; l < config.weight_layers(); ++l) {
    Layer& layer = layers_[l];
    place(layer.qkv, qkv_width, dim, TensorRole::kQuery, l);
    place(layer.attention_out, dim, width, TensorRole::kAttentionOutput, l);
    place(layer.gate_up, gated ? 2 * hidden : hidden, dim, gated ? TensorRole::kGate : TensorRole::kUp, l);
    place(layer.down, dim, hidden, TensorRole::kDown, l);
    layer.attention_norm = layout.Offset(TensorRole::kAttentionNorm, l);
    layer.feed_forward_norm = layout.Offset(TensorRole::kFeedForwardNorm, l);
    if (!config.qk_norm) continue;
    layer.query_norm = layout.Offset(TensorRole::kQueryNorm, l);
    layer.key_norm = layout.Offset(TensorRole::kKeyNorm, l);
  }
  place(output_, config.vocab_size, dim,
        config.tied_embeddings ? TensorRole::kEmbedding : TensorRole::kOutput, -1);
  // The largest first: threads that take what comes next end at about the same time.
  std::stable_sort(all_.begin(), all_.end(), [](const PackedWeight* a, const PackedWeight* b) {
    return a->rows * a->cols > b->rows * b->cols;
  });
  embedding_ = layout.Offset(TensorRole::kEmbedding, -1);
  final_norm_ = layout.Offset(TensorRole::kFinalNorm, -1);
  final_from_.push_back(embedding_ + int64_t{config.vocab_size} * dim);
  for (const Layer& layer : layers_) {
    final_from_.push_back(std::max(final_from_.back(), LayerEnd(layout, layer.down.offset)));
  }
}

void LlamaWeights::Load(absl::Span<const float> parameters) {
  parameters_ = parameters.data();
  ShareOut(threads_, 2 * all_.size(), [&](size_t, size_t i) {
    PackedWeight& weight = *all_[i / 2];
    const float* w = parameters_ + weight.offset;
    if (i % 2 == 0) {
      weight.forward.Pack(weight.cols, weight.rows, {w, weight.cols, Transpose::kYes});
    } else {
      weight.backward.Pack(weight.rows, weight.cols, {w, weight.cols});
    }
  });
}

void AddWeightGradient(const PackedWeight& weight, const float* d, const PackedMatrix& x, float* gradient) {
  Multiply(weight.rows, {d, weight.rows, Transpose::kYes}, x, 1, gradient + weight.offset, weight.cols);
}

}  // namespace bonsai
