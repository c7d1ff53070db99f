// config.json: reading and writing a ModelConfig.
#include <limits>
#include <optional>

#include "edge_runtime/model/config.h"
#include "edge_runtime/model/json.h"

namespace bonsai::edge {
namespace {

constexpr int32_t kVocabMax = 1 << 22;
// Of models that are no Llama, so that nobody loads one as such.
constexpr char kOwnType[] = "bonsai_llama";
constexpr char kQkNorm[] = "bonsai_qk_norm";
constexpr char kActivation[] = "bonsai_activation";
constexpr char kLogitSoftCap[] = "bonsai_logit_soft_cap";
constexpr char kLayersPerWeights[] = "bonsai_layers_per_weights";

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

  // Whether the key's string is `second` rather than `first`, which stands for a missing key too.
  bool IsSecond(std::string_view key, std::string_view first, std::string_view second) {
    const JsonValue* value = Find(key);
    if (value == nullptr || value->string() == first) return false;
    if (value->string() == second) return true;
    Fail(std::string(key) + " is " + value->Describe() + "; supported are \"" + std::string(first) +
         "\" and \"" + std::string(second) + "\"");
    return false;
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

// In a file that others read as a Llama, none of our keys may be there.
void ReadOwnKeys(ConfigReader& reader, bool own, ModelConfig* config) {
  if (!own) {
    for (const char* key : {kQkNorm, kActivation, kLogitSoftCap, kLayersPerWeights})
      reader.RequireAbsent(key);
    return;
  }
  config->qk_norm = reader.Bool(kQkNorm, false);
  if (reader.IsSecond(kActivation, "swiglu", "relu_squared")) config->activation = Activation::kReluSquared;
  config->logit_soft_cap = reader.Number(kLogitSoftCap, 0);
  config->layers_per_weights = reader.Integer(kLayersPerWeights, 1);
}

void WriteOwnKeys(const ModelConfig& config, JsonWriter& writer) {
  const bool squared = config.activation == Activation::kReluSquared;
  writer.Key(kActivation).String(squared ? "relu_squared" : "swiglu");
  writer.Key(kLayersPerWeights).Integer(config.layers_per_weights);
  writer.Key(kLogitSoftCap).Number(config.logit_soft_cap);
  writer.Key(kQkNorm).Bool(config.qk_norm);
}

}  // namespace

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
  const JsonValue* type = root->Find("model_type");
  const bool own = type != nullptr && type->string() == kOwnType;
  if (!own) reader.RequireString("model_type", "llama", /*optional=*/false);
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
  ReadOwnKeys(reader, own, &parsed);
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
  std::string option;
  const bool own = !IsLlama(config, &option);
  writer.Key("architectures").BeginArray();
  writer.String(own ? "BonsaiLlamaForCausalLM" : "LlamaForCausalLM").EndArray();
  writer.Key("attention_bias").Bool(false);
  if (own) WriteOwnKeys(config, writer);
  writer.Key("bos_token_id").Integer(config.bos_id);
  writer.Key("eos_token_id").Integer(config.eos_id);
  writer.Key("head_dim").Integer(config.head_dim);
  if (!own) writer.Key("hidden_act").String("silu");
  writer.Key("hidden_size").Integer(config.dim);
  writer.Key("initializer_range").Number(0.02);
  writer.Key("intermediate_size").Integer(config.hidden_dim);
  writer.Key("max_position_embeddings").Integer(config.max_seq_len);
  writer.Key("mlp_bias").Bool(false);
  writer.Key("model_type").String(own ? kOwnType : "llama");
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
