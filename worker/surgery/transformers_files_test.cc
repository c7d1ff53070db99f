#include "worker/surgery/transformers_files.h"

#include "edge_runtime/model/json.h"
#include "edge_runtime/model/model_fixture.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::unique_ptr<edge::Tokenizer> Tokenizer() {
  static const std::string bytes = edge::FixtureTokenizer();
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &error);
  EXPECT_NE(tokenizer, nullptr) << error;
  return tokenizer;
}

edge::JsonValue Parse(const std::string& text) {
  std::string error;
  auto json = edge::JsonValue::Parse(text, &error);
  EXPECT_TRUE(json.has_value()) << error << "\n" << text;
  return json.value_or(edge::JsonValue());
}

TEST(TransformersFiles, TheTokenizerBeginsWithBosAndEndsWithoutEos) {
  const edge::JsonValue json = Parse(WriteTokenizerConfig(edge::FixtureConfig(), *Tokenizer()));
  EXPECT_EQ(json.Find("tokenizer_class")->string(), "LlamaTokenizer");
  EXPECT_TRUE(json.Find("add_bos_token")->boolean());
  EXPECT_FALSE(json.Find("add_eos_token")->boolean());
  EXPECT_FALSE(json.Find("legacy")->boolean());
  EXPECT_EQ(json.Find("bos_token")->string(), "<s>");
  EXPECT_EQ(json.Find("eos_token")->string(), "</s>");
  EXPECT_EQ(json.Find("unk_token")->string(), "<unk>");
  EXPECT_TRUE(json.Find("pad_token")->is_null());
  EXPECT_EQ(json.Find("model_max_length")->integer(), 64);
}

TEST(TransformersFiles, SpecialTokensAreTheTokenizersPieces) {
  const edge::JsonValue json = Parse(WriteSpecialTokensMap(*Tokenizer()));
  EXPECT_EQ(json.members().size(), 3u);
  EXPECT_EQ(json.Find("bos_token")->string(), "<s>");
  EXPECT_EQ(json.Find("eos_token")->string(), "</s>");
  EXPECT_EQ(json.Find("unk_token")->string(), "<unk>");
}

TEST(TransformersFiles, GenerationTakesTheConfigsIds) {
  edge::ModelConfig config = edge::FixtureConfig();
  config.eos_id = 5;
  const edge::JsonValue json = Parse(WriteGenerationConfig(config));
  EXPECT_EQ(json.Find("bos_token_id")->integer(), 1);
  EXPECT_EQ(json.Find("eos_token_id")->integer(), 5);
}

}  // namespace
}  // namespace bonsai
