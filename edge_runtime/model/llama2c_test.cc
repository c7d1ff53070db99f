#include "edge_runtime/model/llama2c.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/test_data.h"

namespace bonsai::edge {
namespace {

// A model whose every weight is a different number.
struct NumberedModel {
  ModelConfig config;
  std::map<std::string, std::vector<float>> values;
  std::map<std::string, TensorView> tensors;

  explicit NumberedModel(bool tied) {
    config.dim = 16;
    config.hidden_dim = 24;
    config.layers = 2;
    config.heads = 4;
    config.kv_heads = 2;
    config.head_dim = 4;
    config.vocab_size = 10;
    config.max_seq_len = 6;
    config.tied_embeddings = tied;
    float next = 1;
    for (const TensorSpec& spec : ListTensors(config)) {
      int64_t elements = 1;
      for (int64_t size : spec.shape) elements *= size;
      std::vector<float>& value = values[spec.name];
      value.resize(static_cast<size_t>(elements));
      std::iota(value.begin(), value.end(), next);
      next += static_cast<float>(elements);
      tensors[spec.name] = {
          DType::kF32, spec.shape, {reinterpret_cast<const uint8_t*>(value.data()), value.size() * 4}};
    }
  }

  std::string Write() const {
    std::string out, error;
    EXPECT_TRUE(WriteLlama2c(
        config, tensors, [&](std::string_view piece) { return out.append(piece), true; }, &error))
        << error;
    return out;
  }
};

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string ErrorOf(const std::string& file) {
  Llama2cCheckpoint checkpoint;
  std::string error;
  EXPECT_FALSE(ParseLlama2c(Bytes(file), &checkpoint, &error));
  return error;
}

float At(const TensorView& view, size_t index) {
  float value = 0;
  CopyToFloat(view, index, {&value, 1});
  return value;
}

TEST(Llama2cTest, WritesVersion0ThatReadsBackTensorByTensor) {
  for (const bool tied : {false, true}) {
    const NumberedModel model(tied);
    const std::string file = model.Write();
    Llama2cCheckpoint checkpoint;
    std::string error;
    ASSERT_TRUE(ParseLlama2c(Bytes(file), &checkpoint, &error)) << error;
    EXPECT_EQ(checkpoint.version, 0);
    EXPECT_EQ(checkpoint.config, model.config);
    ASSERT_EQ(checkpoint.tensors.size(), model.tensors.size());
    for (const TensorSpec& spec : ListTensors(model.config)) {
      const bool rotated = spec.role == TensorRole::kQuery || spec.role == TensorRole::kKey;
      const TensorView& read = checkpoint.tensors[spec.name];
      ASSERT_EQ(read.shape, spec.shape);
      for (size_t i = 0; i < CountElements(read); ++i) {
        const int64_t row = static_cast<int64_t>(i) / spec.shape.back(),
                      column = static_cast<int64_t>(i) % spec.shape.back();
        const int64_t from = rotated ? HalvesRow(row, model.config.head_dim) : row;
        ASSERT_EQ(At(read, i),
                  model.values.at(spec.name)[static_cast<size_t>(from * spec.shape.back() + column)])
            << spec.name << " " << i;
      }
    }
  }
}

TEST(Llama2cTest, PairsOfInterleavedRowsAreHalvesApart) {
  // Worked by hand for heads of 8 rows: interleaved 0 1 2 3 4 5 6 7 are 0 4 1 5 2 6 3 7 of the halves.
  const int64_t expected[] = {0, 4, 1, 5, 2, 6, 3, 7};
  for (int64_t row = 0; row < 16; ++row) EXPECT_EQ(HalvesRow(row, 8), row / 8 * 8 + expected[row % 8]);
}

TEST(Llama2cTest, WritesHeaderAndRotaryTables) {
  const NumberedModel model(/*tied=*/false);
  const std::string file = model.Write();
  int32_t header[7];
  std::memcpy(header, file.data(), sizeof(header));
  EXPECT_EQ(header[5], -10);  // negative: the output projection is its own
  const size_t tables_at = file.size() - 4 * (10 * 16) - 4 * 2 * 6 * 2;
  float cosine = 0, sine = 0;  // position 3, pair 1: angle 3 * 10000^(-2/4)
  std::memcpy(&cosine, file.data() + tables_at + 4 * (3 * 2 + 1), 4);
  std::memcpy(&sine, file.data() + tables_at + 4 * (6 * 2 + 3 * 2 + 1), 4);
  EXPECT_FLOAT_EQ(cosine, std::cos(0.03f));
  EXPECT_FLOAT_EQ(sine, std::sin(0.03f));
}

TEST(Llama2cTest, ReadsATrainedCheckpoint) {
  BONSAI_FIND_TEST_DATA(path, "models/llama2xs/model.bin");
  std::string error;
  const auto file = MappedFile::Open(path, &error);
  Llama2cCheckpoint checkpoint;
  ASSERT_TRUE(ParseLlama2c(file->bytes(), &checkpoint, &error)) << error;
  EXPECT_EQ(checkpoint.config.dim, 64);
  EXPECT_EQ(checkpoint.config.kv_heads, 4);
  EXPECT_EQ(checkpoint.config.vocab_size, 512);
  EXPECT_TRUE(checkpoint.config.tied_embeddings);
  EXPECT_TRUE(CheckTensors(checkpoint.config, checkpoint.tensors, &error)) << error;
}

// Version 1 as its exporter lays it out: norms first, then the embedding, then the matrices.
TEST(Llama2cTest, ReadsVersion1) {
  const NumberedModel model(/*tied=*/true);
  const ModelConfig& config = model.config;
  std::string file("24ka", 4);
  const int32_t header[] = {1,
                            config.dim,
                            config.hidden_dim,
                            config.layers,
                            config.heads,
                            config.kv_heads,
                            config.vocab_size,
                            config.max_seq_len};
  file.append(reinterpret_cast<const char*>(header), sizeof(header));
  file.push_back(1);
  file.resize(256);
  for (const char* suffix : {"input_layernorm", "post_attention_layernorm", "model.norm", "embed_tokens",
                             "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "down_proj", "up_proj"}) {
    for (const TensorSpec& spec : ListTensors(config)) {
      if (spec.name.find(suffix) == std::string::npos) continue;
      const auto& value = model.values.at(spec.name);
      file.append(reinterpret_cast<const char*>(value.data()), value.size() * 4);
    }
  }
  Llama2cCheckpoint checkpoint;
  std::string error;
  ASSERT_TRUE(ParseLlama2c(Bytes(file), &checkpoint, &error)) << error;
  EXPECT_EQ(checkpoint.version, 1);
  EXPECT_EQ(checkpoint.config, config);
  for (const auto& [name, value] : model.values) EXPECT_EQ(At(checkpoint.tensors[name], 0), value[0]) << name;
  file[4] = 2;
  EXPECT_NE(ErrorOf(file).find("version 2; supported are 0 and 1"), std::string::npos);
  file[4] = 1;
  file.pop_back();
  EXPECT_NE(ErrorOf(file).find("the file ends inside"), std::string::npos);
}

TEST(Llama2cTest, RefusesFilesOfTheWrongSizeOrShape) {
  const std::string good = NumberedModel(true).Write();
  EXPECT_NE(ErrorOf("").find("the header has 28"), std::string::npos);
  EXPECT_NE(ErrorOf(good.substr(0, good.size() - 1)).find("rotary"), std::string::npos);
  EXPECT_NE(ErrorOf(good + "x").find("end at byte"), std::string::npos);
  for (size_t field = 0; field < 7; ++field) {
    for (const int32_t value : {0, -1, INT32_MAX, INT32_MIN}) {
      std::string file = good;
      std::memcpy(file.data() + 4 * field, &value, 4);
      EXPECT_FALSE(ErrorOf(file).empty()) << field << " " << value;
    }
  }
}

TEST(Llama2cTest, RefusesToWriteWhatWouldBeComputedDifferently) {
  NumberedModel model(true);
  const auto sink = [](std::string_view) { return true; };
  std::string error;
  model.config.rope_theta = 500000;
  EXPECT_FALSE(WriteLlama2c(model.config, model.tensors, sink, &error));
  EXPECT_NE(error.find("rope_theta 10000"), std::string::npos) << error;
  model.config.rope_theta = 10000;
  EXPECT_FALSE(WriteLlama2c(
      model.config, model.tensors, [](std::string_view) { return false; }, &error));
  model.tensors["model.norm.weight"].shape = {15};
  EXPECT_FALSE(WriteLlama2c(model.config, model.tensors, sink, &error));
  EXPECT_NE(error.find("model.norm.weight has shape [15]; the config wants [16]"), std::string::npos)
      << error;
  model.tensors.erase("model.norm.weight");
  EXPECT_FALSE(WriteLlama2c(model.config, model.tensors, sink, &error));
  EXPECT_NE(error.find("model.norm.weight is missing"), std::string::npos) << error;
}

}  // namespace
}  // namespace bonsai::edge
