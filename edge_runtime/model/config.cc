#include "edge_runtime/model/config.h"

#include <cmath>

#include "edge_runtime/model/json.h"

namespace bonsai::edge {
namespace {

constexpr int32_t kDimMax = 1 << 17;
constexpr int32_t kHiddenMax = 1 << 20;
constexpr int32_t kLayersMax = 4096;
constexpr int32_t kHeadsMax = 4096;
constexpr int32_t kVocabMax = 1 << 22;
constexpr int32_t kSeqMax = 1 << 24;
constexpr int64_t kParametersMax = int64_t{1} << 40;
constexpr float kSoftCapMin = 1e-3f, kSoftCapMax = 1e6f;

std::string InRange(std::string_view name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return "";
  return std::string(name) + " is " + std::to_string(value) + "; it must be " + std::to_string(least) +
         " to " + std::to_string(most);
}

bool HasGate(const ModelConfig& config) { return config.activation == Activation::kSwiglu; }

}  // namespace

std::vector<TensorSpec> ListTensors(const ModelConfig& config) {
  const int64_t dim = config.dim, hidden = config.hidden_dim, vocab = config.vocab_size;
  const int64_t query = int64_t{config.heads} * config.head_dim,
                key = int64_t{config.kv_heads} * config.head_dim;
  std::vector<TensorSpec> list;
  list.reserve(static_cast<size_t>(config.weight_layers()) * 11 + 3);
  list.push_back({TensorRole::kEmbedding, -1, "model.embed_tokens.weight", {vocab, dim}});
  for (int32_t layer = 0; layer < config.weight_layers(); ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const auto add = [&](TensorRole role, const char* name, std::vector<int64_t> shape) {
      list.push_back({role, layer, prefix + name + ".weight", std::move(shape)});
    };
    add(TensorRole::kAttentionNorm, "input_layernorm", {dim});
    add(TensorRole::kQuery, "self_attn.q_proj", {query, dim});
    add(TensorRole::kKey, "self_attn.k_proj", {key, dim});
    add(TensorRole::kValue, "self_attn.v_proj", {key, dim});
    if (config.qk_norm) {
      add(TensorRole::kQueryNorm, "self_attn.q_norm", {config.head_dim});
      add(TensorRole::kKeyNorm, "self_attn.k_norm", {config.head_dim});
    }
    add(TensorRole::kAttentionOutput, "self_attn.o_proj", {dim, query});
    add(TensorRole::kFeedForwardNorm, "post_attention_layernorm", {dim});
    if (HasGate(config)) add(TensorRole::kGate, "mlp.gate_proj", {hidden, dim});
    add(TensorRole::kUp, "mlp.up_proj", {hidden, dim});
    add(TensorRole::kDown, "mlp.down_proj", {dim, hidden});
  }
  list.push_back({TensorRole::kFinalNorm, -1, "model.norm.weight", {dim}});
  if (!config.tied_embeddings) list.push_back({TensorRole::kOutput, -1, "lm_head.weight", {vocab, dim}});
  return list;
}

int64_t CountParameters(const ModelConfig& config) {
  const int64_t dim = config.dim, hidden = config.hidden_dim;
  const int64_t query = int64_t{config.heads} * config.head_dim,
                key = int64_t{config.kv_heads} * config.head_dim;
  const int64_t norms = 2 * dim + (config.qk_norm ? 2 * int64_t{config.head_dim} : 0);
  const int64_t layer = norms + dim * (2 * query + 2 * key) + (HasGate(config) ? 3 : 2) * dim * hidden;
  return dim * config.vocab_size * (config.tied_embeddings ? 1 : 2) + layer * config.weight_layers() + dim;
}

bool ValidateConfig(const ModelConfig& config, std::string* error) {
  const struct {
    const char* name;
    int64_t value, least, most;
  } ranges[] = {
      {"dim (hidden_size)", config.dim, 1, kDimMax},
      {"hidden_dim (intermediate_size)", config.hidden_dim, 1, kHiddenMax},
      {"layers (num_hidden_layers)", config.layers, 1, kLayersMax},
      {"heads (num_attention_heads)", config.heads, 1, kHeadsMax},
      {"kv_heads (num_key_value_heads)", config.kv_heads, 1, kHeadsMax},
      {"vocab_size", config.vocab_size, 1, kVocabMax},
      {"max_seq_len (max_position_embeddings)", config.max_seq_len, 1, kSeqMax},
      {"bos_id (bos_token_id)", config.bos_id, -1, kVocabMax},
      {"eos_id (eos_token_id)", config.eos_id, -1, kVocabMax},
  };
  for (const auto& range : ranges) {
    *error = InRange(range.name, range.value, range.least, range.most);
    if (!error->empty()) return false;
  }
  if (config.heads % config.kv_heads != 0) {
    *error = "kv_heads (num_key_value_heads) is " + std::to_string(config.kv_heads) +
             "; it must divide heads, " + std::to_string(config.heads);
  } else if (int64_t{config.head_dim} * config.heads != config.dim) {
    *error = "head_dim is " + std::to_string(config.head_dim) + "; it must be dim / heads, " +
             std::to_string(config.dim) + " / " + std::to_string(config.heads);
  } else if (config.head_dim % 2 != 0) {
    *error = "head_dim is " + std::to_string(config.head_dim) + "; rotary positions need an even one";
  } else if (!(config.rope_theta > 0) || !std::isfinite(config.rope_theta)) {
    *error = "rope_theta is " + JsonNumber(config.rope_theta) + "; it must be positive and finite";
  } else if (!(config.norm_epsilon >= 0) || !std::isfinite(config.norm_epsilon)) {
    *error = "norm_epsilon (rms_norm_eps) is " + JsonNumber(config.norm_epsilon) +
             "; it must be finite, 0 or more";
  } else if (config.logit_soft_cap != 0 &&
             !(config.logit_soft_cap >= kSoftCapMin && config.logit_soft_cap <= kSoftCapMax)) {
    *error = "logit_soft_cap is " + JsonNumber(config.logit_soft_cap) + "; it must be " +
             JsonNumber(kSoftCapMin) + " to " + JsonNumber(kSoftCapMax) + ", or 0 for no cap";
  } else if (config.layers_per_weights < 1 || config.layers % config.layers_per_weights != 0) {
    *error = "layers_per_weights is " + std::to_string(config.layers_per_weights) +
             "; it must divide layers, " + std::to_string(config.layers);
  } else if (CountParameters(config) > kParametersMax) {
    *error = "the model has " + std::to_string(CountParameters(config)) + " parameters; at most " +
             std::to_string(kParametersMax) + " are supported";
  }
  return error->empty();
}

bool IsLlama(const ModelConfig& config, std::string* option) {
  if (config.qk_norm) {
    *option = "qk_norm is true";
  } else if (config.activation == Activation::kReluSquared) {
    *option = "activation is RELU_SQUARED";
  } else if (config.logit_soft_cap != 0) {
    *option = "logit_soft_cap is " + JsonNumber(config.logit_soft_cap);
  } else if (config.layers_per_weights != 1) {
    *option = "layers_per_weights is " + std::to_string(config.layers_per_weights);
  } else {
    return true;
  }
  return false;
}

}  // namespace bonsai::edge
