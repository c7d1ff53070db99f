#include "edge_runtime/model/model_fixture.h"

#include <bit>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "edge_runtime/model/byte_level_vocabulary.h"
#include "edge_runtime/model/safetensors.h"

namespace bonsai::edge {
namespace {

// Numbered as in sentencepiece_model.proto.
enum PieceType { kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6 };

// A length-delimited field of the protobuf wire format, shorter than 128 bytes.
std::string Field(int number, const std::string& bytes) {
  return std::string({static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())}) + bytes;
}

std::string Piece(const std::string& text, float score, PieceType type) {
  std::string body = Field(1, text) + std::string(1, 2 << 3 | 5);
  const uint32_t bits = std::bit_cast<uint32_t>(score);
  for (int i = 0; i < 4; ++i) body.push_back(static_cast<char>(bits >> (8 * i)));
  return Field(1, body + std::string({3 << 3, static_cast<char>(type)}));
}

}  // namespace

ModelConfig FixtureConfig() {
  ModelConfig config;
  config.dim = 16;
  config.hidden_dim = 24;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 4;
  config.vocab_size = 265;
  config.max_seq_len = 64;
  return config;
}

std::string FixtureTokenizer() {
  std::string model = Piece("<unk>", 0, kUnknown) + Piece("<s>", 0, kControl) + Piece("</s>", 0, kControl);
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof(name), "<0x%02X>", byte);
    model += Piece(name, 0, kByte);
  }
  const std::string space = "\xE2\x96\x81";
  model += Piece(space, -6, kNormal);
  // Letters alone are bytes, so a merge needs the letter's own piece: these never stand alone in text of
  // bytes.
  for (char letter = 'A'; letter <= 'E'; ++letter) model += Piece(space + letter, -letter, kNormal);
  // trainer_spec { model_type: BPE byte_fallback: true }
  model += Field(2, std::string({3 << 3, 2}) + std::string("\x98\x02\x01", 3));
  // normalizer_spec { add_dummy_prefix: true remove_extra_whitespaces: false }
  return model + Field(3, std::string({3 << 3, 1, 4 << 3, 0}));
}

std::string FixtureTokenizerJson() {
  ByteLevelVocabulary vocabulary;
  vocabulary.pieces = {{std::string(1, '\0'), false}, {"<s>", true}, {"</s>", true}};
  for (int byte = 1; byte < 256; ++byte)
    vocabulary.pieces.push_back({std::string(1, static_cast<char>(byte)), false});
  const auto id_of = [](char byte) { return 2 + static_cast<unsigned char>(byte); };
  const int32_t th = static_cast<int32_t>(vocabulary.pieces.size());
  vocabulary.pieces.push_back({"th", false});
  vocabulary.pieces.push_back({"the", false});
  vocabulary.merges = {{id_of('t'), id_of('h'), th}, {th, id_of('e'), th + 1}};
  return WriteTokenizerJson(vocabulary);
}

std::string FixtureWeights(const ModelConfig& config, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<TensorToWrite> tensors;
  std::vector<std::string> bytes;
  for (const TensorSpec& spec : ListTensors(config)) {
    size_t count = 1;
    for (int64_t extent : spec.shape) count *= static_cast<size_t>(extent);
    const bool is_norm = spec.shape.size() == 1;
    std::string data(count * sizeof(float), '\0');
    for (size_t i = 0; i < count; ++i) {
      // Uniform in [-0.5, 0.5), around 1 for the norms. mt19937's numbers are the same everywhere.
      const float value =
          static_cast<float>(random() >> 8) / static_cast<float>(1 << 24) - 0.5f + (is_norm ? 1.0f : 0.0f);
      std::memcpy(data.data() + i * sizeof(float), &value, sizeof(float));
    }
    bytes.push_back(std::move(data));
    tensors.push_back({spec.name, {DType::kF32, spec.shape, {}}});
  }
  std::string all;
  for (size_t i = 0; i < tensors.size(); ++i) {
    tensors[i].view.data = {reinterpret_cast<const uint8_t*>(bytes[i].data()), bytes[i].size()};
    all += bytes[i];
  }
  return WriteSafetensorsHeader(tensors) + all;
}

std::map<std::string, std::string> FixtureFiles(const ModelConfig& config, uint32_t seed) {
  return {{"config.json", WriteHuggingFaceConfig(config, "float32")},
          {"model.safetensors", FixtureWeights(config, seed)},
          {"tokenizer.model", FixtureTokenizer()}};
}

}  // namespace bonsai::edge
