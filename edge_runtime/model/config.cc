#include "edge_runtime/model/config.h"

#include <cmath>
#include <limits>
#include <optional>

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

std::string InRange(std::string_view name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return "";
  return std::string(name) + " is " + std::to_string(value) + "; it must be " + std::to_string(least) +
         " to " + std::to_string(most);
}

// Reads the keys of one config.json; the first error is kept.
class ConfigReader {
 public:
  explicit ConfigReader(const JsonValue& object) : object_(object) {}

  int32_t Integer(std::string_view key, std::optional<int32_t> fallback) {
    const JsonValue* value = Find(key);
    if (value == nullptr) {
      if (!fallback) Fail(std::string(key) + " is missing");
      return fallback.value_or(0);
    }
    const auto integer = value->integer();
    if (!integer || *integer < std::numeric_limits<int32_t>::min() ||
        *integer > std::numeric_limits<int32_t>::max()) {
      Fail(std::string(key) + " is " + value->Describe() + "; it must be an integer of 32 bits");
      return 0;
    }
    return static_cast<int32_t>(*integer);
  }

  float Number(std::string_view key, float fallback) {
    const JsonValue* value = Find(key);
    if (value == nullptr) return fallback;
    if (!value->is_number()) Fail(std::string(key) + " is " + value->Describe() + "; it must be a number");
    return static_cast<float>(value->number());
  }

  bool Bool(std::string_view key, bool fallback) {
    const JsonValue* value = Find(key);
    if (value == nullptr) return fallback;
    if (!value->is_bool()) Fail(std::string(key) + " is " + value->Describe() + "; it must be true or false");
    return value->boolean();
  }

  // A token id; newer files give a list, whose first entry counts.
  int32_t TokenId(std::string_view key, int32_t fallback) {
    const JsonValue* value = Find(key);
    if (value == nullptr || !value->is_array() || value->items().empty()) return Integer(key, fallback);
    const auto first = value->items().front().integer();
    if (!first || *first < 0 || *first >= kVocabMax) {
      Fail(std::string(key) + " starts with " + value->items().front().Describe() +
           "; it must hold token ids");
      return fallback;
    }
    return static_cast<int32_t>(*first);
  }

  void RequireString(std::string_view key, std::string_view wanted, bool optional) {
    const JsonValue* value = Find(key);
    if (value == nullptr && optional) return;
    if (value != nullptr && value->string() == wanted) return;
    Fail(std::string(key) + " is " + (value == nullptr ? "missing" : value->Describe()) +
         "; supported is \"" + std::string(wanted) + "\"");
  }

  void RequireFalse(std::string_view key) {
    if (Bool(key, false)) Fail(std::string(key) + " is true; supported is false");
  }

  void RequireAbsent(std::string_view key) {
    const JsonValue* value = Find(key);
    if (value != nullptr) Fail(std::string(key) + " is " + value->Describe() + "; supported is null");
  }

  void Fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }

  const std::string& error() const { return error_; }

 private:
  // A key set to null counts as absent, as in transformers.
  const JsonValue* Find(std::string_view key) const {
    const JsonValue* value = object_.Find(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  const JsonValue& object_;
  std::string error_;
};

}  // namespace

std::vector<TensorSpec> ListTensors(const ModelConfig& config) {
  const int64_t dim = config.dim, hidden = config.hidden_dim, vocab = config.vocab_size;
  const int64_t query = int64_t{config.heads} * config.head_dim,
                key = int64_t{config.kv_heads} * config.head_dim;
  std::vector<TensorSpec> list;
  list.reserve(static_cast<size_t>(config.layers) * 9 + 3);
  list.push_back({TensorRole::kEmbedding, -1, "model.embed_tokens.weight", {vocab, dim}});
  for (int32_t layer = 0; layer < config.layers; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const auto add = [&](TensorRole role, const char* name, std::vector<int64_t> shape) {
      list.push_back({role, layer, prefix + name + ".weight", std::move(shape)});
    };
    add(TensorRole::kAttentionNorm, "input_layernorm", {dim});
    add(TensorRole::kQuery, "self_attn.q_proj", {query, dim});
    add(TensorRole::kKey, "self_attn.k_proj", {key, dim});
    add(TensorRole::kValue, "self_attn.v_proj", {key, dim});
    add(TensorRole::kAttentionOutput, "self_attn.o_proj", {dim, query});
    add(TensorRole::kFeedForwardNorm, "post_attention_layernorm", {dim});
    add(TensorRole::kGate, "mlp.gate_proj", {hidden, dim});
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
  const int64_t layer = 2 * dim + dim * (2 * query + 2 * key) + 3 * dim * hidden;
  return dim * config.vocab_size * (config.tied_embeddings ? 1 : 2) + layer * config.layers + dim;
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
  } else if (CountParameters(config) > kParametersMax) {
    *error = "the model has " + std::to_string(CountParameters(config)) + " parameters; at most " +
             std::to_string(kParametersMax) + " are supported";
  }
  return error->empty();
}

bool ParseHuggingFaceConfig(std::string_view json, ModelConfig* config, std::string* error) {
  const auto root =
      JsonValue::Parse(json, error, {.bytes_max = 1 << 20, .depth_max = 16, .values_max = 1 << 16});
  if (!root) {
    *error = "config.json: " + *error;
    return false;
  }
  if (!root->is_object()) {
    *error = "config.json: is " + root->Describe() + "; it must be an object";
    return false;
  }
  ConfigReader reader(*root);
  reader.RequireString("model_type", "llama", /*optional=*/false);
  reader.RequireString("hidden_act", "silu", /*optional=*/true);
  reader.RequireFalse("attention_bias");
  reader.RequireFalse("mlp_bias");
  reader.RequireAbsent("rope_scaling");
  reader.RequireAbsent("quantization_config");
  ModelConfig parsed;
  parsed.dim = reader.Integer("hidden_size", std::nullopt);
  parsed.hidden_dim = reader.Integer("intermediate_size", std::nullopt);
  parsed.layers = reader.Integer("num_hidden_layers", std::nullopt);
  parsed.heads = reader.Integer("num_attention_heads", std::nullopt);
  parsed.kv_heads = reader.Integer("num_key_value_heads", parsed.heads);
  parsed.head_dim = reader.Integer("head_dim", parsed.heads > 0 ? parsed.dim / parsed.heads : 0);
  parsed.vocab_size = reader.Integer("vocab_size", std::nullopt);
  parsed.max_seq_len = reader.Integer("max_position_embeddings", 2048);
  parsed.rope_theta = reader.Number("rope_theta", 10000.0f);
  parsed.norm_epsilon = reader.Number("rms_norm_eps", 1e-6f);
  parsed.tied_embeddings = reader.Bool("tie_word_embeddings", false);
  parsed.bos_id = reader.TokenId("bos_token_id", 1);
  parsed.eos_id = reader.TokenId("eos_token_id", 2);
  // Newer transformers nest the rotary settings.
  if (const JsonValue* rope = root->Find("rope_parameters"); rope != nullptr && rope->is_object()) {
    ConfigReader nested(*rope);
    nested.RequireString("rope_type", "default", /*optional=*/true);
    parsed.rope_theta = nested.Number("rope_theta", parsed.rope_theta);
    if (!nested.error().empty()) reader.Fail("rope_parameters." + nested.error());
  }
  std::string invalid;
  if (reader.error().empty() && ValidateConfig(parsed, &invalid)) {
    *config = parsed;
    return true;
  }
  *error = "config.json: " + (reader.error().empty() ? invalid : reader.error());
  return false;
}

std::string WriteHuggingFaceConfig(const ModelConfig& config, std::string_view dtype) {
  JsonWriter writer(/*indented=*/true);
  writer.BeginObject();
  writer.Key("architectures").BeginArray().String("LlamaForCausalLM").EndArray();
  writer.Key("attention_bias").Bool(false);
  writer.Key("bos_token_id").Integer(config.bos_id);
  writer.Key("eos_token_id").Integer(config.eos_id);
  writer.Key("head_dim").Integer(config.head_dim);
  writer.Key("hidden_act").String("silu");
  writer.Key("hidden_size").Integer(config.dim);
  writer.Key("initializer_range").Number(0.02);
  writer.Key("intermediate_size").Integer(config.hidden_dim);
  writer.Key("max_position_embeddings").Integer(config.max_seq_len);
  writer.Key("mlp_bias").Bool(false);
  writer.Key("model_type").String("llama");
  writer.Key("num_attention_heads").Integer(config.heads);
  writer.Key("num_hidden_layers").Integer(config.layers);
  writer.Key("num_key_value_heads").Integer(config.kv_heads);
  writer.Key("rms_norm_eps").Number(config.norm_epsilon);
  writer.Key("rope_scaling").Null();
  writer.Key("rope_theta").Number(config.rope_theta);
  writer.Key("tie_word_embeddings").Bool(config.tied_embeddings);
  writer.Key("torch_dtype").String(dtype);
  writer.Key("use_cache").Bool(true);
  writer.Key("vocab_size").Integer(config.vocab_size);
  writer.EndObject();
  return writer.text() + "\n";
}

}  // namespace bonsai::edge
