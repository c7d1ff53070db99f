#include "edge_runtime/model/checked_model.h"

#include "edge_runtime/model/model_fixture.h"
#include "gtest/gtest.h"

namespace bonsai::edge {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// "" if the files make a model.
std::string ErrorOf(std::map<std::string, std::string> files) {
  CheckedModel model;
  std::string error;
  const bool ok = ReadCheckedModel(
      {files["config.json"], Bytes(files["model.safetensors"]), Bytes(files["tokenizer.model"])}, &model,
      &error);
  EXPECT_EQ(ok, error.empty());
  return error;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(CheckedModel, ReadsAModel) {
  const ModelConfig config = FixtureConfig();
  std::map<std::string, std::string> files = FixtureFiles(config, 1);
  CheckedModel model;
  std::string error;
  ASSERT_TRUE(ReadCheckedModel(
      {files["config.json"], Bytes(files["model.safetensors"]), Bytes(files["tokenizer.model"])}, &model,
      &error))
      << error;
  EXPECT_EQ(model.config, config);
  EXPECT_EQ(model.tokenizer->vocab_size(), config.vocab_size);
  EXPECT_EQ(CountElements(model.tensors), static_cast<uint64_t>(CountParameters(config)));
  EXPECT_EQ(ListDTypes(model.tensors), std::vector<std::string>{"F32"});
}

TEST(CheckedModel, ThePaddedVocabularyOfOtherTrainersIsNoError) {
  ModelConfig config = FixtureConfig();
  config.vocab_size = 320;
  EXPECT_EQ(ErrorOf(FixtureFiles(config, 1)), "");
}

TEST(CheckedModel, ErrorsNameTheFileAndTheKey) {
  const std::map<std::string, std::string> good = FixtureFiles(FixtureConfig(), 1);
  ASSERT_EQ(ErrorOf(good), "");

  auto files = good;
  files["model.safetensors"].resize(files["model.safetensors"].size() - 1);
  EXPECT_EQ(ErrorOf(files).find("model.safetensors: "), 0u) << ErrorOf(files);

  files = good;
  files["config.json"] =
      Replaced(files["config.json"], "\"intermediate_size\": 24", "\"intermediate_size\": 25");
  EXPECT_EQ(ErrorOf(files).find("model.safetensors: "), 0u) << ErrorOf(files);
  EXPECT_NE(ErrorOf(files).find("mlp."), std::string::npos) << ErrorOf(files);

  files = good;
  files["config.json"] = "{\"model_type\": \"gpt2\"}";
  EXPECT_EQ(ErrorOf(files).find("config.json: "), 0u) << ErrorOf(files);
  EXPECT_NE(ErrorOf(files).find("model_type"), std::string::npos) << ErrorOf(files);

  ModelConfig small = FixtureConfig();
  small.vocab_size = 200;
  EXPECT_EQ(ErrorOf(FixtureFiles(small, 1)),
            "tokenizer.model: it has 265 pieces; config.json's vocab_size is 200");

  ModelConfig other_bos = FixtureConfig();
  other_bos.bos_id = 2;
  EXPECT_EQ(ErrorOf(FixtureFiles(other_bos, 1)),
            "config.json: bos_token_id is 2; tokenizer.model has it at 1");

  files = good;
  files["tokenizer.model"] = "not a tokenizer";
  EXPECT_EQ(ErrorOf(files).find("tokenizer.model: "), 0u) << ErrorOf(files);
}

}  // namespace
}  // namespace bonsai::edge
