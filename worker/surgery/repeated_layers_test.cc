#include "worker/surgery/repeated_layers.h"

#include <fstream>
#include <iterator>

#include "edge_runtime/engine/engine.h"
#include "edge_runtime/model/model_fixture.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::vector<float> LogitsOf(const std::string& config_json, const std::string& weights) {
  std::string error;
  const auto model = edge::Model::FromSafetensors(config_json, Bytes(weights), &error);
  EXPECT_NE(model, nullptr) << error;
  const auto session = edge::Session::Create(*model, {}, &error);
  EXPECT_NE(session, nullptr) << error;
  const std::vector<int32_t> tokens = {1, 77, 3, 200};
  std::vector<float> logits(tokens.size() * static_cast<size_t>(model->config().vocab_size));
  EXPECT_TRUE(session->Forward(tokens, logits, &error)) << error;
  return logits;
}

TEST(RepeatedLayers, ComputeBitForBitWhatTheSharedOnesDo) {
  for (const bool tied : {true, false}) {
    edge::ModelConfig config = edge::FixtureConfig();
    config.layers = 6;
    config.layers_per_weights = 3;
    config.tied_embeddings = tied;
    const std::map<std::string, std::string> files = edge::FixtureFiles(config, 3);
    const std::string& weights = files.at("model.safetensors");
    edge::CheckedModel model;
    std::string error;
    ASSERT_TRUE(edge::ReadCheckedModel(
        {files.at("config.json"), Bytes(weights), Bytes(files.at("tokenizer.model"))}, &model, &error))
        << error;
    RepeatLayers(model);
    EXPECT_EQ(model.config.layers_per_weights, 1);
    EXPECT_EQ(edge::CountElements(model.tensors), static_cast<uint64_t>(edge::CountParameters(model.config)));
    const std::string path = testing::TempDir() + "/repeated.safetensors";
    ASSERT_EQ(WriteTensors(model, path), absl::OkStatus());
    EXPECT_EQ(CheckSameLogits({files.at("config.json"), Bytes(weights), {}},
                              edge::WriteHuggingFaceConfig(model.config, "float32"), path),
              absl::OkStatus());
    std::ifstream file(path, std::ios::binary);
    const std::string repeated((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::string config_json = edge::WriteHuggingFaceConfig(model.config, "float32");
    EXPECT_NE(config_json.find("\"LlamaForCausalLM\""), std::string::npos) << config_json;
    EXPECT_EQ(LogitsOf(config_json, repeated), LogitsOf(files.at("config.json"), weights));
  }
}

TEST(RepeatedLayers, ADiskThatCannotBeWrittenIsAnError) {
  const std::map<std::string, std::string> files = edge::FixtureFiles(edge::FixtureConfig(), 3);
  edge::CheckedModel model;
  std::string error;
  ASSERT_TRUE(edge::ReadCheckedModel(
      {files.at("config.json"), Bytes(files.at("model.safetensors")), Bytes(files.at("tokenizer.model"))},
      &model, &error))
      << error;
  EXPECT_FALSE(WriteTensors(model, "/dev/full").ok());
  EXPECT_FALSE(WriteTensors(model, testing::TempDir() + "/no/such/folder").ok());
}

}  // namespace
}  // namespace bonsai
