// A model of a few hundred weights with its tokenizer, for tests of the farm: the three files that a bundle
// holds.
#ifndef BONSAI_EDGE_RUNTIME_FARM_SMALL_MODEL_TESTING_H_
#define BONSAI_EDGE_RUNTIME_FARM_SMALL_MODEL_TESTING_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "edge_runtime/model/config.h"
#include "edge_runtime/model/safetensors.h"

namespace bonsai {

inline edge::ModelConfig SmallConfigForTest() {
  edge::ModelConfig config;
  config.dim = 16;
  config.hidden_dim = 24;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 4;
  config.vocab_size = 8;
  config.max_seq_len = 64;
  return config;
}

inline std::string SmallWeightsForTest(const edge::ModelConfig& config) {
  std::vector<std::string> bytes;
  std::vector<edge::TensorToWrite> tensors;
  uint32_t state = 7;
  for (const edge::TensorSpec& spec : edge::ListTensors(config)) {
    int64_t size = 1;
    for (int64_t n : spec.shape) size *= n;
    std::vector<float> values(size);
    for (float& value : values) {
      state = state * 1664525 + 1013904223;
      value = static_cast<float>(static_cast<int32_t>(state >> 8) % 2000 - 1000) / 700.0f;
    }
    bytes.emplace_back(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    tensors.push_back({spec.name, {edge::DType::kF32, spec.shape, {}}});
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    tensors[i].view.data = {reinterpret_cast<const uint8_t*>(bytes[i].data()), bytes[i].size()};
  }
  std::string file = edge::WriteSafetensorsHeader(tensors);
  for (const std::string& tensor : bytes) file += tensor;
  return file;
}

// A SentencePiece ModelProto of eight pieces, written by hand.
inline std::string SmallTokenizerForTest() {
  const auto field = [](int tag, const std::string& bytes) {
    return std::string({static_cast<char>(tag << 3 | 2), static_cast<char>(bytes.size())}) + bytes;
  };
  const auto piece = [&field](const std::string& text, float score, char type) {
    const uint32_t bits = std::bit_cast<uint32_t>(score);
    std::string body = field(1, text) + std::string(1, 2 << 3 | 5);
    for (int i = 0; i < 4; ++i) body.push_back(static_cast<char>(bits >> (8 * i)));
    return field(1, body + std::string({3 << 3, type}));
  };
  return piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("a", -3, 1) +
         piece("b", -4, 1) + piece("ab", -1, 1) + piece("ba", -2, 1) + piece("\xE2\x96\x81", -5, 1) +
         field(2, std::string({3 << 3, 2})) + field(3, std::string({3 << 3, 1, 4 << 3, 0}));
}

// Name to bytes.
inline std::map<std::string, std::string> SmallModelFilesForTest() {
  const edge::ModelConfig config = SmallConfigForTest();
  return {{"config.json", edge::WriteHuggingFaceConfig(config, "float32")},
          {"model.safetensors", SmallWeightsForTest(config)},
          {"tokenizer.model", SmallTokenizerForTest()}};
}

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_SMALL_MODEL_TESTING_H_
