#include "edge_runtime/model/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/test_data.h"

namespace bonsai::edge {
namespace {

ModelConfig Example() {
  ModelConfig config;
  config.dim = 96;
  config.hidden_dim = 256;
  config.layers = 3;
  config.heads = 6;
  config.kv_heads = 2;
  config.head_dim = 16;
  config.vocab_size = 1000;
  config.max_seq_len = 128;
  return config;
}

std::string ErrorOf(const std::string& from, const std::string& to) {
  std::string json = WriteHuggingFaceConfig(Example(), "float32");
  const size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  json.replace(at, from.size(), to);
  ModelConfig config;
  std::string error;
  EXPECT_FALSE(ParseHuggingFaceConfig(json, &config, &error)) << to;
  return error;
}

TEST(ConfigTest, ReadsWhatItWrites) {
  for (const bool tied : {false, true}) {
    ModelConfig config = Example(), read;
    config.tied_embeddings = tied;
    config.rope_theta = 500000.0f;
    config.norm_epsilon = 1e-6f;
    std::string error;
    ASSERT_TRUE(ParseHuggingFaceConfig(WriteHuggingFaceConfig(config, "float32"), &read, &error)) << error;
    EXPECT_EQ(read, config);
  }
}

// Each option alone, and all of them.
std::vector<ModelConfig> NoLlamas() {
  std::vector<ModelConfig> configs(5, Example());
  for (ModelConfig& config : configs) config.layers = 6;
  configs[0].qk_norm = true;
  configs[1].activation = Activation::kReluSquared;
  configs[2].logit_soft_cap = 30.5f;
  configs[3].layers_per_weights = 3;
  configs[4].qk_norm = true;
  configs[4].activation = Activation::kReluSquared;
  configs[4].logit_soft_cap = 15;
  configs[4].layers_per_weights = 2;
  return configs;
}

TEST(ConfigTest, AModelThatIsNoLlamaReadsBackAndSaysSo) {
  const char* const options[] = {"qk_norm is true", "activation is RELU_SQUARED", "logit_soft_cap is 30.5",
                                 "layers_per_weights is 3", "qk_norm is true"};
  const std::vector<ModelConfig> configs = NoLlamas();
  std::string error, option;
  EXPECT_TRUE(IsLlama(Example(), &option));
  for (size_t i = 0; i < configs.size(); ++i) {
    const std::string json = WriteHuggingFaceConfig(configs[i], "float32");
    EXPECT_NE(json.find("\"model_type\": \"bonsai_llama\""), std::string::npos) << json;
    EXPECT_EQ(json.find("\"LlamaForCausalLM\""), std::string::npos) << json;
    EXPECT_EQ(json.find("hidden_act"), std::string::npos) << json;
    ModelConfig read;
    ASSERT_TRUE(ParseHuggingFaceConfig(json, &read, &error)) << error;
    EXPECT_EQ(read, configs[i]);
    EXPECT_FALSE(IsLlama(configs[i], &option));
    EXPECT_EQ(option, options[i]);
  }
}

TEST(ConfigTest, OptionsAddAndDropTheirTensors) {
  const std::vector<ModelConfig> configs = NoLlamas();
  const auto names = [](const ModelConfig& config) {
    std::string text;
    for (const TensorSpec& spec : ListTensors(config)) text += spec.name + "\n";
    return text;
  };
  EXPECT_NE(names(configs[0]).find("model.layers.5.self_attn.k_norm.weight"), std::string::npos);
  EXPECT_EQ(names(Example()).find("q_norm"), std::string::npos);
  EXPECT_EQ(names(configs[1]).find("gate_proj"), std::string::npos);
  EXPECT_NE(names(configs[3]).find("model.layers.1."), std::string::npos);
  EXPECT_EQ(names(configs[3]).find("model.layers.2."), std::string::npos);
  for (const ModelConfig& config : configs) {
    int64_t count = 0;
    for (const TensorSpec& spec : ListTensors(config)) {
      int64_t elements = 1;
      for (int64_t size : spec.shape) elements *= size;
      count += elements;
    }
    EXPECT_EQ(CountParameters(config), count);
  }
}

TEST(ConfigTest, RefusesOptionsOutOfBoundsAndOursInALlama) {
  ModelConfig config = Example();
  std::string error;
  config.layers_per_weights = 2;
  EXPECT_FALSE(ValidateConfig(config, &error));
  EXPECT_EQ(error, "layers_per_weights is 2; it must divide layers, 3");
  config.layers_per_weights = 0;
  EXPECT_FALSE(ValidateConfig(config, &error));
  config = Example();
  for (const float cap : {-1.0f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    config.logit_soft_cap = cap;
    EXPECT_FALSE(ValidateConfig(config, &error)) << cap;
    EXPECT_NE(error.find("logit_soft_cap"), std::string::npos) << error;
  }
  EXPECT_EQ(ErrorOf("\"use_cache\": true", "\"bonsai_qk_norm\": true"),
            "config.json: bonsai_qk_norm is true; supported is null");
  EXPECT_EQ(ErrorOf("\"llama\"", "\"bonsai_llama\", \"bonsai_activation\": \"gelu\""),
            "config.json: bonsai_activation is \"gelu\"; supported are \"swiglu\" and \"relu_squared\"");
}

TEST(ConfigTest, ReadsHuggingFacesOwnFile) {
  BONSAI_FIND_TEST_DATA(path, "models/tiny_llama_hf_random/config.json");
  std::string error;
  const auto file = MappedFile::Open(path, &error);
  ModelConfig config;
  ASSERT_TRUE(ParseHuggingFaceConfig(file->text(), &config, &error)) << error;
  EXPECT_EQ(config.dim, 16);
  EXPECT_EQ(config.kv_heads, 4);  // not in the file: as many as heads
  EXPECT_EQ(config.head_dim, 4);
  EXPECT_EQ(config.max_seq_len, 129);
  EXPECT_EQ(config.norm_epsilon, 1e-6f);
  EXPECT_FALSE(config.tied_embeddings);
}

TEST(ConfigTest, CountsTheParametersThatItLists) {
  for (const bool tied : {false, true}) {
    ModelConfig config = Example();
    config.tied_embeddings = tied;
    int64_t count = 0;
    for (const TensorSpec& spec : ListTensors(config)) {
      int64_t elements = 1;
      for (int64_t size : spec.shape) elements *= size;
      count += elements;
    }
    EXPECT_EQ(CountParameters(config), count);
    EXPECT_EQ(ListTensors(config).size(), 3u * 9 + (tied ? 2 : 3));
  }
}

TEST(ConfigTest, NamesTheKeyThatItCannotUse) {
  EXPECT_EQ(ErrorOf("\"llama\"", "\"gpt2\""), "config.json: model_type is \"gpt2\"; supported is \"llama\"");
  EXPECT_EQ(ErrorOf("\"silu\"", "\"gelu\""), "config.json: hidden_act is \"gelu\"; supported is \"silu\"");
  EXPECT_NE(ErrorOf("\"rope_scaling\": null", "\"rope_scaling\": {\"factor\": 2}").find("rope_scaling"),
            std::string::npos);
  EXPECT_NE(ErrorOf("\"attention_bias\": false", "\"attention_bias\": true").find("attention_bias"),
            std::string::npos);
  EXPECT_NE(ErrorOf("\"hidden_size\": 96", "\"hidden_size\": 95").find("head_dim"), std::string::npos);
  EXPECT_NE(ErrorOf("\"hidden_size\": 96", "\"hidden_size\": -1").find("hidden_size"), std::string::npos);
  EXPECT_NE(ErrorOf("\"hidden_size\": 96", "\"hidden_size\": 9.5").find("9.5"), std::string::npos);
  EXPECT_NE(ErrorOf("\"hidden_size\": 96,", "").find("hidden_size is missing"), std::string::npos);
  EXPECT_NE(ErrorOf("\"vocab_size\": 1000", "\"vocab_size\": 99999999999").find("vocab_size"),
            std::string::npos);
  EXPECT_NE(ErrorOf("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 4").find("must divide heads"),
            std::string::npos);
  EXPECT_NE(ErrorOf("\"rope_theta\": 10000", "\"rope_theta\": -1").find("rope_theta"), std::string::npos);
  EXPECT_NE(ErrorOf("\"rope_scaling\": null", "\"rope_parameters\": {\"rope_type\": \"llama3\"}")
                .find("rope_parameters.rope_type"),
            std::string::npos);
}

TEST(ConfigTest, RefusesModelsTooBigToCount) {
  ModelConfig config = Example();
  config.dim = config.head_dim = 1 << 17;
  config.heads = config.kv_heads = 1;
  config.layers = 4096;
  std::string error;
  EXPECT_FALSE(ValidateConfig(config, &error));
  EXPECT_NE(error.find("parameters"), std::string::npos) << error;
}

}  // namespace
}  // namespace bonsai::edge
