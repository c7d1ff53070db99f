#include "worker/train/cuda/llama_places.h"

#include <algorithm>

namespace bonsai::cuda {
namespace {

using edge::TensorRole;

bool IsMuons(const edge::TensorSpec& spec) { return spec.layer >= 0 && spec.shape.size() == 2; }

int64_t SizeOf(const edge::TensorSpec& spec) {
  int64_t size = 1;
  for (const int64_t extent : spec.shape) size *= extent;
  return size;
}

}  // namespace

LlamaPlaces::LlamaPlaces(const edge::ModelConfig& model) : config(model), layers(model.layers) {
  const int64_t dim = model.dim, hidden = model.hidden_dim, width = int64_t{model.heads} * model.head_dim;
  const int64_t qkv_width = int64_t{model.heads + 2 * model.kv_heads} * model.head_dim;
  for (const edge::TensorSpec& spec : edge::ListTensors(model)) {
    Layer* const layer = spec.layer >= 0 ? &layers[spec.layer] : nullptr;
    if (layer != nullptr && layer->end == 0) layer->begin = size;
    switch (spec.role) {
      case TensorRole::kEmbedding:
        embedding = {size, model.vocab_size, dim};
        break;
      case TensorRole::kAttentionNorm:
        layer->attention_norm = size;
        break;
      case TensorRole::kQuery:
        layer->qkv = {size, qkv_width, dim};
        break;  // key and value follow
      case TensorRole::kAttentionOutput:
        layer->attention_out = {size, dim, width};
        break;
      case TensorRole::kFeedForwardNorm:
        layer->feed_forward_norm = size;
        break;
      case TensorRole::kGate:
        layer->gate_up = {size, 2 * hidden, dim};
        break;  // up follows
      case TensorRole::kDown:
        layer->down = {size, dim, hidden};
        break;
      case TensorRole::kFinalNorm:
        final_norm = size;
        break;
      case TensorRole::kOutput:
        output = {size, model.vocab_size, dim};
        break;
      default:
        break;
    }
    size += SizeOf(spec);
    if (layer != nullptr) layer->end = size;
  }
  if (model.tied_embeddings) output = embedding;
}

std::string WhyNotOnDevice(const edge::ModelConfig& config) {
  const auto check = [](const char* name, int64_t value, int64_t multiple) -> std::string {
    if (value % multiple == 0) return "";
    return std::string(name) + " is " + std::to_string(value) + ", and a multiple of " +
           std::to_string(multiple) + " would be valid on a GPU";
  };
  std::string option;
  if (!edge::IsLlama(config, &option)) return option + ", and only a plain Llama would be valid on a GPU";
  std::string why = check("dim", config.dim, 8);
  if (why.empty()) why = check("hidden_dim", config.hidden_dim, 8);
  if (why.empty()) why = check("head_dim", config.head_dim, 16);
  constexpr int kHeadDimMax = 256;  // attention_plain_kernels.h
  if (why.empty() && config.head_dim > kHeadDimMax) {
    why = "head_dim is " + std::to_string(config.head_dim) + ", and at most 256 would be valid on a GPU";
  }
  return why;
}

std::vector<UpdateChunk> ChunksOf(const LlamaPlaces& places, bool muon) {
  std::vector<UpdateChunk> chunks;
  int64_t offset = 0;
  for (const edge::TensorSpec& spec : edge::ListTensors(places.config)) {
    const int64_t end = offset + SizeOf(spec);
    const bool skipped = muon && IsMuons(spec);
    for (int64_t at = offset; at < end && !skipped; at += UpdateChunk::kValuesMax) {
      const int64_t count = std::min(UpdateChunk::kValuesMax, end - at);
      chunks.push_back({at, static_cast<int32_t>(count), spec.shape.size() >= 2});
    }
    offset = end;
  }
  return chunks;
}

std::vector<MuonMatrices> MuonMatricesOf(const LlamaPlaces& places, bool normalize_rows) {
  std::vector<MuonMatrices> matrices;
  const int64_t count = static_cast<int64_t>(places.layers.size());
  const int64_t stride = count > 1 ? places.layers[1].begin - places.layers[0].begin : 0;
  int64_t offset = 0;
  for (const edge::TensorSpec& spec : edge::ListTensors(places.config)) {
    if (IsMuons(spec) && spec.layer == 0) {
      matrices.push_back({offset, stride, count, spec.shape[0], spec.shape[1], normalize_rows});
    }
    offset += SizeOf(spec);
  }
  return matrices;
}

}  // namespace bonsai::cuda
