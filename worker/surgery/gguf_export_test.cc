#include "worker/surgery/gguf_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/model_fixture.h"
#include "worker/surgery/gguf_reader.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

struct Opened {
  std::map<std::string, std::string> files;
  edge::ModelBytes bytes;
  edge::CheckedModel model;
};

std::unique_ptr<Opened> Open(std::map<std::string, std::string> files) {
  auto opened = std::make_unique<Opened>();
  opened->files = std::move(files);
  const auto bytes = [&opened](const std::string& name) {
    const std::string& text = opened->files.at(name);
    return std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  opened->bytes = {opened->files.at("config.json"), bytes("model.safetensors"),
                   bytes(opened->files.contains("tokenizer.model") ? "tokenizer.model" : "tokenizer.json")};
  std::string error;
  EXPECT_TRUE(edge::ReadCheckedModel(opened->bytes, &opened->model, &error)) << error;
  return opened;
}

std::unique_ptr<Opened> OpenFixture(const edge::ModelConfig& config) {
  return Open(edge::FixtureFiles(config, 3));
}

std::string PathFor(const std::string& name) { return testing::TempDir() + "/" + name + ".gguf"; }

template <typename T>
T Meta(const GgufFile& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  EXPECT_NE(found, file.metadata.end()) << key;
  return found == file.metadata.end() ? T() : std::get<T>(found->second);
}

TEST(GgufExport, MetadataIsLlamas) {
  edge::ModelConfig config = edge::FixtureConfig();
  config.rope_theta = 500000;
  const auto opened = OpenFixture(config);
  ASSERT_TRUE(
      WriteGguf(opened->model, opened->bytes.tokenizer, "{{ x }}", GgufType::kF16, PathFor("meta")).ok());
  std::string error;
  const auto mapped = edge::MappedFile::Open(PathFor("meta"), &error);
  ASSERT_NE(mapped, nullptr) << error;
  const auto file = ParseGguf(mapped->bytes());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(Meta<std::string>(*file, "general.architecture"), "llama");
  EXPECT_EQ(Meta<int64_t>(*file, "general.file_type"), 1);
  EXPECT_EQ(Meta<int64_t>(*file, "llama.embedding_length"), config.dim);
  EXPECT_EQ(Meta<int64_t>(*file, "llama.block_count"), config.layers);
  EXPECT_EQ(Meta<int64_t>(*file, "llama.attention.head_count_kv"), config.kv_heads);
  EXPECT_EQ(Meta<int64_t>(*file, "llama.rope.dimension_count"), config.head_dim);
  EXPECT_EQ(Meta<double>(*file, "llama.rope.freq_base"), 500000);
  EXPECT_EQ(Meta<double>(*file, "llama.attention.layer_norm_rms_epsilon"), double{config.norm_epsilon});
  EXPECT_EQ(Meta<std::string>(*file, "tokenizer.chat_template"), "{{ x }}");
  const auto tokens = Meta<std::vector<std::string>>(*file, "tokenizer.ggml.tokens");
  const auto types = Meta<std::vector<int64_t>>(*file, "tokenizer.ggml.token_type");
  ASSERT_EQ(tokens.size(), 265u);
  ASSERT_EQ(Meta<std::vector<double>>(*file, "tokenizer.ggml.scores").size(), 265u);
  EXPECT_EQ(tokens[0], "<unk>");
  EXPECT_EQ(tokens[3], "<0x00>");
  EXPECT_EQ((std::vector<int64_t>{types[0], types[1], types[3], types[264]}),
            (std::vector<int64_t>{2, 3, 6, 1}));
  EXPECT_EQ(Meta<int64_t>(*file, "tokenizer.ggml.bos_token_id"), 1);
}

TEST(GgufExport, EveryTensorComesBackWithItsRowsInLlamaCppsOrder) {
  for (const bool tied : {true, false}) {
    for (const GgufType type : {GgufType::kF32, GgufType::kF16}) {
      edge::ModelConfig config = edge::FixtureConfig();
      config.tied_embeddings = tied;
      const auto opened = OpenFixture(config);
      ASSERT_TRUE(WriteGguf(opened->model, opened->bytes.tokenizer, "", type, PathFor("rows")).ok());
      EXPECT_TRUE(CheckGguf(opened->model, PathFor("rows")).ok());
      std::string error;
      const auto mapped = edge::MappedFile::Open(PathFor("rows"), &error);
      const auto file = ParseGguf(mapped->bytes());
      ASSERT_TRUE(file.ok()) << file.status();
      EXPECT_EQ(file->tensors.size(), edge::ListTensors(config).size());
      EXPECT_EQ(file->tensors.contains("output.weight"), !tied);
      EXPECT_EQ(file->tensors.at("blk.1.ffn_norm.weight").dtype, edge::DType::kF32);
      EXPECT_EQ(file->tensors.at("blk.1.ffn_down.weight").dtype,
                type == GgufType::kF16 ? edge::DType::kF16 : edge::DType::kF32);
      // llama.cpp rotates neighbours: its row 1 is the first of the head's second half, its row 2 the second
      // of the first half.
      const edge::TensorView& ours = opened->model.tensors.at("model.layers.0.self_attn.q_proj.weight");
      const edge::TensorView& theirs = file->tensors.at("blk.0.attn_q.weight");
      const size_t columns = config.dim;
      for (const auto& [row, from] : {std::pair<size_t, size_t>{0, 0}, {1, config.head_dim / 2}, {2, 1}}) {
        std::vector<float> expected(columns);
        std::vector<float> found(columns);
        edge::CopyToFloat(ours, from * columns, expected);
        edge::CopyToFloat(theirs, row * columns, found);
        for (size_t i = 0; i < columns; ++i) EXPECT_NEAR(found[i], expected[i], 1e-3) << row;
      }
    }
  }
}

TEST(GgufExport, AChangedWeightIsFound) {
  const auto opened = OpenFixture(edge::FixtureConfig());
  const std::string path = PathFor("changed");
  ASSERT_TRUE(WriteGguf(opened->model, opened->bytes.tokenizer, "", GgufType::kF32, path).ok());
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-2, std::ios::end);
  file.put('\x55');
  file.close();
  EXPECT_THAT(std::string(CheckGguf(opened->model, path).message()), HasSubstr("differs in row"));
}

TEST(GgufExport, EmbeddingsBeyondTheTokenizerGetUnusedPieces) {
  edge::ModelConfig config = edge::FixtureConfig();
  config.vocab_size += 7;
  const auto opened = OpenFixture(config);
  ASSERT_TRUE(WriteGguf(opened->model, opened->bytes.tokenizer, "", GgufType::kF32, PathFor("padded")).ok());
  std::string error;
  const auto mapped = edge::MappedFile::Open(PathFor("padded"), &error);
  const auto file = ParseGguf(mapped->bytes());
  ASSERT_TRUE(file.ok()) << file.status();
  const auto tokens = Meta<std::vector<std::string>>(*file, "tokenizer.ggml.tokens");
  ASSERT_EQ(tokens.size(), 272u);
  EXPECT_EQ(tokens[265], "[PAD0]");
  EXPECT_EQ(Meta<std::vector<int64_t>>(*file, "tokenizer.ggml.token_type")[271], 5);
}

TEST(GgufExport, WhatLlamaCppWouldComputeDifferentlyIsRefused) {
  auto files = edge::FixtureFiles(edge::FixtureConfig(), 3);
  // The first matrix' first element becomes 1e6.
  std::string& weights = files.at("model.safetensors");
  uint64_t header = 0;
  std::memcpy(&header, weights.data(), 8);
  const float large = 1e6f;
  std::memcpy(weights.data() + 8 + header, &large, 4);
  const auto opened = Open(files);
  const absl::Status status =
      WriteGguf(opened->model, opened->bytes.tokenizer, "", GgufType::kF16, PathFor("large"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("F16 ends at 65504"));

  files.erase("tokenizer.model");
  files["tokenizer.json"] = edge::FixtureTokenizerJson();
  const auto byte_level = Open(files);
  EXPECT_THAT(std::string(WriteGguf(byte_level->model, byte_level->bytes.tokenizer, "", GgufType::kF32,
                                    PathFor("byte_level"))
                              .message()),
              HasSubstr("byte-level tokenizer.json"));
}

}  // namespace
}  // namespace bonsai
