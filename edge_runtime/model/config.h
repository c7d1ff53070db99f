// The one description of a model: its shape, and the tensors that follow from it. Trainer, engine, export and
// surgery all read it; an architecture is an entry here, not a copy in each of them.
//
// Plain values; standard library only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_CONFIG_H_
#define BONSAI_EDGE_RUNTIME_MODEL_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bonsai::edge {

enum class Activation {
  kSwiglu,       // down(silu(gate x) * up x)
  kReluSquared,  // down(relu(up x)^2), without a gate
};

struct ModelConfig {
  int32_t dim = 0;         // width of the residual stream
  int32_t hidden_dim = 0;  // width of the feed-forward block
  int32_t layers = 0;
  int32_t heads = 0;
  int32_t kv_heads = 0;  // divides heads
  int32_t head_dim = 0;  // dim / heads
  int32_t vocab_size = 0;
  int32_t max_seq_len = 0;
  float rope_theta = 10000.0f;
  float norm_epsilon = 1e-5f;
  bool tied_embeddings = true;  // the output projection is the embedding table
  int32_t bos_id = 1;
  int32_t eos_id = 2;

  // Where one of these differs from its default, the model is no Llama (IsLlama).
  bool qk_norm = false;  // RMSNorm of each head's query and key before they are rotated
  Activation activation = Activation::kSwiglu;
  float logit_soft_cap = 0;        // logits are cap * tanh(logits / cap); 0: no cap
  int32_t layers_per_weights = 1;  // each layer's weights serve so many layers in a row; divides layers

  // The layers that have weights of their own. Layer l uses those of l / layers_per_weights.
  int32_t weight_layers() const { return layers / layers_per_weights; }

  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};

// What a tensor is for. Those inside of layers exist once for each of weight_layers().
enum class TensorRole {
  kEmbedding,        // [vocab, dim]
  kAttentionNorm,    // [dim]
  kQuery,            // [heads * head_dim, dim]
  kKey,              // [kv_heads * head_dim, dim]
  kValue,            // [kv_heads * head_dim, dim]
  kQueryNorm,        // [head_dim]; only with qk_norm
  kKeyNorm,          // [head_dim]; only with qk_norm
  kAttentionOutput,  // [dim, heads * head_dim]
  kFeedForwardNorm,  // [dim]
  kGate,             // [hidden, dim]; absent with kReluSquared
  kUp,               // [hidden, dim]
  kDown,             // [dim, hidden]
  kFinalNorm,        // [dim]
  kOutput,           // [vocab, dim]; absent if tied
};

struct TensorSpec {
  TensorRole role;
  int32_t layer;     // of weight_layers(); -1 for tensors outside the layers
  std::string name;  // Hugging Face's: "model.layers.0.self_attn.q_proj.weight", Qwen3's for norms of heads
  std::vector<int64_t> shape;
};

// Every tensor of the model, in the order in which a forward pass meets them. Query and key rows are in
// Hugging Face's (half-rotated) order.
std::vector<TensorSpec> ListTensors(const ModelConfig& config);

// The number of parameters; the embedding table and weights that serve several layers count once.
int64_t CountParameters(const ModelConfig& config);

// Checks that every size is positive, within bounds (no product of sizes that a model needs overflows) and
// consistent.
bool ValidateConfig(const ModelConfig& config, std::string* error);

// Whether LlamaForCausalLM and llama2.c compute this model: none of the options that they lack is set. If
// not, *option says which one is: "qk_norm is true".
bool IsLlama(const ModelConfig& config, std::string* option);

// Reads a config.json of model_type "llama", which is Hugging Face's, or "bonsai_llama", which is our own for
// models that are no Llama: the same keys, without hidden_act, and bonsai_qk_norm, bonsai_activation
// ("swiglu", "relu_squared"), bonsai_logit_soft_cap, bonsai_layers_per_weights. On failure returns false;
// *error names the key, its value and what would be valid. Keys that change the computation and are not
// supported (rope_scaling, attention_bias, a hidden_act other than silu, ours in a "llama") are errors;
// others are ignored.
bool ParseHuggingFaceConfig(std::string_view json, ModelConfig* config, std::string* error);

// The config.json that transformers' LlamaForCausalLM loads; of a model that is no Llama our own, which
// transformers refuses. dtype: "float32".
std::string WriteHuggingFaceConfig(const ModelConfig& config, std::string_view dtype);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_CONFIG_H_
