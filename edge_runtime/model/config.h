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

  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};

// What a tensor is for. kLayer roles exist once per layer.
enum class TensorRole {
  kEmbedding,        // [vocab, dim]
  kAttentionNorm,    // [dim]
  kQuery,            // [heads * head_dim, dim]
  kKey,              // [kv_heads * head_dim, dim]
  kValue,            // [kv_heads * head_dim, dim]
  kAttentionOutput,  // [dim, heads * head_dim]
  kFeedForwardNorm,  // [dim]
  kGate,             // [hidden, dim]
  kUp,               // [hidden, dim]
  kDown,             // [dim, hidden]
  kFinalNorm,        // [dim]
  kOutput,           // [vocab, dim]; absent if tied
};

struct TensorSpec {
  TensorRole role;
  int32_t layer;     // -1 for tensors outside the layers
  std::string name;  // Hugging Face's: "model.layers.0.self_attn.q_proj.weight"
  std::vector<int64_t> shape;
};

// Every tensor of the model, in the order in which a forward pass meets them. Query and key rows are in
// Hugging Face's (half-rotated) order.
std::vector<TensorSpec> ListTensors(const ModelConfig& config);

// The number of parameters; the embedding table counts once.
int64_t CountParameters(const ModelConfig& config);

// Checks that every size is positive, within bounds (no product of sizes that a model needs overflows) and
// consistent.
bool ValidateConfig(const ModelConfig& config, std::string* error);

// Reads a Hugging Face config.json of model_type "llama". On failure returns false; *error names the key, its
// value and what would be valid. Keys that change the computation and are not supported (rope_scaling,
// attention_bias, a hidden_act other than silu) are errors; others are ignored.
bool ParseHuggingFaceConfig(std::string_view json, ModelConfig* config, std::string* error);

// The config.json that transformers' LlamaForCausalLM loads. dtype: "float32".
std::string WriteHuggingFaceConfig(const ModelConfig& config, std::string_view dtype);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_CONFIG_H_
