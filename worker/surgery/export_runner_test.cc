#include "worker/surgery/export_runner.h"

#include <fstream>
#include <iterator>

#include "edge_runtime/engine/engine.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/model_fixture.h"
#include "edge_runtime/model/test_data.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runner/fake_runner_context.h"
#include "storage/manifest.h"
#include "worker/surgery/llama2c_export.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

std::vector<std::string> Paths(const v1::Manifest& manifest) {
  std::vector<std::string> paths;
  for (const v1::ArtifactFile& file : manifest.files()) paths.push_back(file.path());
  return paths;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class ExportRunner : public testing::Test {
 protected:
  void SetUp() override { context_ = FakeRunnerContext::Create(testing::TempDir()); }

  absl::Status Export(const std::map<std::string, std::string>& files,
                      const std::vector<v1::ExportSpec::Format>& formats) {
    v1::ExportSpec& spec = *context_->mutable_task().mutable_spec()->mutable_export_();
    spec.set_model("@model");
    for (v1::ExportSpec::Format format : formats) spec.add_formats(format);
    model_id_ = context_->AddInput("export.model", "model", files);
    return RunExport(*context_);
  }

  std::unique_ptr<FakeRunnerContext> context_;
  std::string model_id_;
};

std::map<std::string, std::string> ByteLevelFiles() {
  std::map<std::string, std::string> files = edge::FixtureFiles(edge::FixtureConfig(), 1);
  files.erase("tokenizer.model");
  files["tokenizer.json"] = edge::FixtureTokenizerJson();
  return files;
}

TEST_F(ExportRunner, AByteLevelTokenizerGoesToTransformersAsItIs) {
  const absl::Status status = Export(ByteLevelFiles(), {v1::ExportSpec::HUGGING_FACE});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(Paths(context_->Output().value()),
              ElementsAre("config.json", "generation_config.json", "model.safetensors",
                          "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"));
  EXPECT_EQ(context_->OutputFile("tokenizer.json").value(), edge::FixtureTokenizerJson());
  const std::string config = context_->OutputFile("tokenizer_config.json").value();
  EXPECT_THAT(config, HasSubstr("\"tokenizer_class\": \"PreTrainedTokenizerFast\""));
  EXPECT_THAT(config, HasSubstr("\"bos_token\": \"<s>\""));
  EXPECT_THAT(config, HasSubstr("\"unk_token\": null"));
  EXPECT_THAT(context_->OutputFile("special_tokens_map.json").value(), HasSubstr("\"eos_token\": \"</s>\""));
}

TEST_F(ExportRunner, Llama2cHasNoByteLevelTokenizers) {
  const absl::Status status =
      Export(ByteLevelFiles(), {v1::ExportSpec::HUGGING_FACE, v1::ExportSpec::LLAMA2C});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(status), HasSubstr("export.formats has LLAMA2C, whose tokenizer.bin has no byte-level"));
  EXPECT_FALSE(context_->Output().ok());
}

TEST_F(ExportRunner, GgufHasNoByteLevelTokenizers) {
  const absl::Status status = Export(ByteLevelFiles(), {v1::ExportSpec::GGUF_F16});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(status), HasSubstr("export.formats has GGUF_F16, which is written with SentencePiece"));
}

TEST_F(ExportRunner, WritesGgufInBothPrecisions) {
  const absl::Status status = Export(edge::FixtureFiles(edge::FixtureConfig(), 1),
                                     {v1::ExportSpec::GGUF_F32, v1::ExportSpec::GGUF_F16});
  ASSERT_TRUE(status.ok()) << status;
  const v1::Manifest manifest = context_->Output().value();
  EXPECT_THAT(Paths(manifest), ElementsAre("config.json", "model-f16.gguf", "model-f32.gguf",
                                           "model.safetensors", "tokenizer.model"));
  EXPECT_EQ(FindProperty(manifest, "formats"), "GGUF_F32 GGUF_F16");
  EXPECT_EQ(context_->OutputFile("model-f16.gguf").value().substr(0, 4), "GGUF");
}

TEST_F(ExportRunner, WritesBothFormats) {
  const absl::Status status = Export(edge::FixtureFiles(edge::FixtureConfig(), 1),
                                     {v1::ExportSpec::HUGGING_FACE, v1::ExportSpec::LLAMA2C});
  ASSERT_TRUE(status.ok()) << status;
  const v1::Manifest manifest = context_->Output().value();
  EXPECT_EQ(manifest.kind(), "export");
  EXPECT_THAT(Paths(manifest), ElementsAre("config.json", "generation_config.json", "model.bin",
                                           "model.safetensors", "special_tokens_map.json", "tokenizer.bin",
                                           "tokenizer.model", "tokenizer_config.json"));
  EXPECT_EQ(FindProperty(manifest, "formats"), "HUGGING_FACE LLAMA2C");
  EXPECT_EQ(FindProperty(manifest, "dtype"), "F32");
  EXPECT_EQ(FindProperty(manifest, "parameters"),
            std::to_string(edge::CountParameters(edge::FixtureConfig())));
}

TEST_F(ExportRunner, KeepsTheModelsOwnFilesByTheSameBlobs) {
  ASSERT_TRUE(Export(edge::FixtureFiles(edge::FixtureConfig(), 1), {v1::ExportSpec::HUGGING_FACE}).ok());
  const v1::Manifest manifest = context_->Output().value();
  const v1::Manifest model = GetManifest(context_->blobs(), model_id_).value();
  for (const v1::ArtifactFile& file : model.files()) {
    ASSERT_NE(FindFile(manifest, file.path()), nullptr) << file.path();
    EXPECT_EQ(FindFile(manifest, file.path())->blob().sha256(), file.blob().sha256());
  }
  EXPECT_EQ(FindFile(manifest, "model.bin"), nullptr);
}

// Untied embeddings, grouped queries: the file's q and k rows are in another order, the classifier comes
// last.
TEST_F(ExportRunner, TheLlama2cFileComputesTheSame) {
  for (bool tied : {true, false}) {
    context_ = FakeRunnerContext::Create(testing::TempDir());
    edge::ModelConfig config = edge::FixtureConfig();
    config.tied_embeddings = tied;
    const std::map<std::string, std::string> files = edge::FixtureFiles(config, 5);
    ASSERT_TRUE(Export(files, {v1::ExportSpec::LLAMA2C}).ok());
    const std::string path = testing::TempDir() + "/exported.bin";
    std::ofstream(path, std::ios::binary) << context_->OutputFile("model.bin").value();
    std::string error;
    const auto model = edge::Model::LoadLlama2c(path, &error);
    ASSERT_NE(model, nullptr) << error;
    EXPECT_EQ(model->config().tied_embeddings, tied);
    EXPECT_EQ(model->config().kv_heads, config.kv_heads);
    const std::string& weights = files.at("model.safetensors");
    EXPECT_TRUE(
        CheckSameLogits(
            {files.at("config.json"), {reinterpret_cast<const uint8_t*>(weights.data()), weights.size()}, {}},
            path)
            .ok());
  }
}

// llama2.c's file is checked against the shared weights before it is published.
TEST_F(ExportRunner, RepeatsTheWeightsOfLayersThatShareThem) {
  edge::ModelConfig config = edge::FixtureConfig();
  config.layers = 4;
  config.layers_per_weights = 2;
  const std::map<std::string, std::string> files = edge::FixtureFiles(config, 7);
  const absl::Status status = Export(files, {v1::ExportSpec::HUGGING_FACE, v1::ExportSpec::LLAMA2C});
  ASSERT_TRUE(status.ok()) << status;
  config.layers_per_weights = 1;
  const std::string config_json = context_->OutputFile("config.json").value();
  EXPECT_EQ(config_json, edge::WriteHuggingFaceConfig(config, "float32"));
  EXPECT_THAT(config_json, HasSubstr("\"LlamaForCausalLM\""));
  const std::string weights = context_->OutputFile("model.safetensors").value(),
                    tokenizer = context_->OutputFile("tokenizer.model").value();
  const auto bytes = [](const std::string& text) {
    return std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  edge::CheckedModel model;
  std::string error;
  EXPECT_TRUE(edge::ReadCheckedModel({config_json, bytes(weights), bytes(tokenizer)}, &model, &error))
      << error;
  EXPECT_EQ(FindProperty(context_->Output().value(), "parameters"),
            std::to_string(edge::CountParameters(config)));
  EXPECT_NE(FindFile(context_->Output().value(), "model.bin"), nullptr);
}

TEST_F(ExportRunner, RefusesAModelThatIsNoLlamaAndNamesTheOption) {
  edge::ModelConfig norms = edge::FixtureConfig(), squared = norms, capped = norms;
  norms.qk_norm = true;
  squared.activation = edge::Activation::kReluSquared;
  capped.logit_soft_cap = 30;
  const std::pair<edge::ModelConfig, const char*> kCases[] = {
      {norms, "qk_norm is true"}, {squared, "activation is RELU_SQUARED"}, {capped, "logit_soft_cap is 30"}};
  for (const auto& [config, option] : kCases) {
    for (const auto format : {v1::ExportSpec::HUGGING_FACE, v1::ExportSpec::LLAMA2C}) {
      context_ = FakeRunnerContext::Create(testing::TempDir());
      const absl::Status status = Export(edge::FixtureFiles(config, 1), {format});
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(Text(status), "export.model: " + std::string(option) +
                                  ", which neither LlamaForCausalLM nor llama2.c computes; valid: a model "
                                  "without it. evaluate and build take the model itself");
      EXPECT_FALSE(context_->Output().ok());
    }
  }
}

TEST_F(ExportRunner, TheCheckNoticesOneWrongWeight) {
  const std::string config_json = edge::WriteHuggingFaceConfig(edge::FixtureConfig(), "float32");
  std::string weights = edge::FixtureWeights(edge::FixtureConfig(), 1);
  const auto bytes = [&](const std::string& text) {
    return std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  const std::string tokenizer = edge::FixtureTokenizer();
  edge::CheckedModel model;
  std::string error;
  ASSERT_TRUE(edge::ReadCheckedModel({config_json, bytes(weights), bytes(tokenizer)}, &model, &error))
      << error;
  const std::string path = testing::TempDir() + "/checked.bin";
  ASSERT_TRUE(WriteLlama2cModel(model, path).ok());
  ASSERT_TRUE(CheckSameLogits({config_json, bytes(weights), {}}, path).ok());
  // The sign of the last weight of the final norm.
  weights.back() = static_cast<char>(weights.back() ^ 0x80);
  const absl::Status status = CheckSameLogits({config_json, bytes(weights), {}}, path);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(Text(status), HasSubstr("computes otherwise"));
}

TEST_F(ExportRunner, RefusesWhatLlama2cCannotExpress) {
  edge::ModelConfig theta = edge::FixtureConfig();
  theta.rope_theta = 500000;
  absl::Status status = Export(edge::FixtureFiles(theta, 1), {v1::ExportSpec::LLAMA2C});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Text(status), HasSubstr("rope_theta"));
  EXPECT_FALSE(context_->Output().ok());

  context_ = FakeRunnerContext::Create(testing::TempDir());
  edge::ModelConfig padded = edge::FixtureConfig();
  padded.vocab_size = 320;
  status = Export(edge::FixtureFiles(padded, 1), {v1::ExportSpec::LLAMA2C});
  EXPECT_EQ(
      Text(status),
      "tokenizer.bin: llama2.c needs as many pieces as embeddings; tokenizer.model has 265, config.json's "
      "vocab_size is 320");
}

TEST_F(ExportRunner, NamesTheFileAndTheKeyOfABrokenModel) {
  const std::map<std::string, std::string> good = edge::FixtureFiles(edge::FixtureConfig(), 1);
  auto truncated = good;
  truncated["model.safetensors"].resize(truncated["model.safetensors"].size() - 100);
  auto shape = good;
  shape["config.json"] = Replaced(shape["config.json"], "\"hidden_size\": 16", "\"hidden_size\": 32");
  shape["config.json"] = Replaced(shape["config.json"], "\"head_dim\": 4", "\"head_dim\": 8");
  auto vocabulary = good;
  vocabulary["config.json"] = Replaced(good.at("config.json"), "\"vocab_size\": 265", "\"vocab_size\": 264");
  auto missing = good;
  missing.erase("tokenizer.model");
  const struct {
    std::map<std::string, std::string> files;
    const char* file;
    const char* key;
  } kCases[] = {{truncated, "model.safetensors: ", ""},
                {shape, "model.safetensors: ", "model.embed_tokens.weight"},
                {vocabulary, "model.safetensors: ", "model.embed_tokens.weight"},
                {missing, "tokenizer.model", ""}};
  for (const auto& bad : kCases) {
    context_ = FakeRunnerContext::Create(testing::TempDir());
    const absl::Status status = Export(bad.files, {v1::ExportSpec::HUGGING_FACE});
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(Text(status), HasSubstr(bad.file));
    EXPECT_THAT(Text(status), HasSubstr(bad.key));
    EXPECT_FALSE(context_->Output().ok());
  }
}

TEST_F(ExportRunner, NamesAVocabularyThatDoesNotFit) {
  edge::ModelConfig small = edge::FixtureConfig();
  small.vocab_size = 200;
  const absl::Status status = Export(edge::FixtureFiles(small, 1), {v1::ExportSpec::HUGGING_FACE});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Text(status), HasSubstr("tokenizer.model: it has 265 pieces; config.json's vocab_size is 200"));
}

TEST_F(ExportRunner, AFineTunedModelsChatTemplateGoesAlong) {
  auto files = edge::FixtureFiles(edge::FixtureConfig(), 1);
  files["chat_template.jinja"] = "{{- bos_token + 'say \"' -}}\n{{- '\\n' -}}";
  ASSERT_TRUE(Export(files, {v1::ExportSpec::HUGGING_FACE}).ok());
  EXPECT_EQ(context_->OutputFile("chat_template.jinja").value(), files["chat_template.jinja"]);
  std::string error;
  const auto json =
      edge::JsonValue::Parse(context_->OutputFile("tokenizer_config.json").value(), &error).value();
  EXPECT_EQ(json.Find("chat_template")->string(), files["chat_template.jinja"]);

  context_ = FakeRunnerContext::Create(testing::TempDir());
  files["chat_template.jinja"] = std::string(65537, 'x');
  EXPECT_THAT(Text(Export(files, {v1::ExportSpec::HUGGING_FACE})),
              HasSubstr("chat_template.jinja has 65537 bytes; valid: at most 65536"));
}

TEST_F(ExportRunner, RefusesASpecWithoutAFormat) {
  const absl::Status status = Export(edge::FixtureFiles(edge::FixtureConfig(), 1), {});
  EXPECT_EQ(Text(status), "export.formats is empty; there are HUGGING_FACE, LLAMA2C, GGUF_F32 and GGUF_F16");
}

TEST_F(ExportRunner, StopsWhenAsked) {
  context_->RequestStop();
  EXPECT_EQ(Export(edge::FixtureFiles(edge::FixtureConfig(), 1), {v1::ExportSpec::LLAMA2C}).code(),
            absl::StatusCode::kCancelled);
  EXPECT_FALSE(context_->Output().ok());
}

// The Llama 2 tokenizer of 32,000 pieces; the weights' epsilon is not llama2.c's, so it is set to that.
TEST_F(ExportRunner, ExportsARealTokenizer) {
  BONSAI_FIND_TEST_DATA(folder, "models/tiny_llama_hf_random");
  std::map<std::string, std::string> files;
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.model"}) {
    std::ifstream file(folder + "/" + name, std::ios::binary);
    files[name] = std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }
  files["config.json"] = Replaced(files["config.json"], "1e-06", "1e-05");
  const absl::Status status = Export(files, {v1::ExportSpec::HUGGING_FACE, v1::ExportSpec::LLAMA2C});
  ASSERT_TRUE(status.ok()) << status;
  BONSAI_FIND_TEST_DATA(golden, "models/tok_llama2/tokenizer.bin");
  std::ifstream file(golden, std::ios::binary);
  EXPECT_EQ(context_->OutputFile("tokenizer.bin").value(),
            std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));
}

}  // namespace
}  // namespace bonsai
