#include "edge_runtime/model/llama2c.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "edge_runtime/model/json.h"

namespace bonsai::edge {
namespace {

constexpr uint32_t kVersion1Magic = 0x616b3432;  // "ak42"
constexpr size_t kVersion0HeaderBytes = 28;
constexpr size_t kVersion1HeaderBytes = 256;
constexpr float kTheta = 10000.0f;
constexpr float kEpsilon = 1e-5f;

// The order of the roles in the file; a layer role stands for that tensor of all layers.
constexpr TensorRole kVersion0Order[] = {TensorRole::kEmbedding,
                                         TensorRole::kAttentionNorm,
                                         TensorRole::kQuery,
                                         TensorRole::kKey,
                                         TensorRole::kValue,
                                         TensorRole::kAttentionOutput,
                                         TensorRole::kFeedForwardNorm,
                                         TensorRole::kGate,
                                         TensorRole::kDown,
                                         TensorRole::kUp,
                                         TensorRole::kFinalNorm};
constexpr TensorRole kVersion1Order[] = {TensorRole::kAttentionNorm,
                                         TensorRole::kFeedForwardNorm,
                                         TensorRole::kFinalNorm,
                                         TensorRole::kEmbedding,
                                         TensorRole::kQuery,
                                         TensorRole::kKey,
                                         TensorRole::kValue,
                                         TensorRole::kAttentionOutput,
                                         TensorRole::kGate,
                                         TensorRole::kDown,
                                         TensorRole::kUp};

int32_t ReadInt(std::span<const uint8_t> bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(bytes[at + i]) << (8 * i);
  return static_cast<int32_t>(value);
}

bool ReadConfig(std::span<const uint8_t> bytes, size_t at, ModelConfig* config, std::string* error) {
  config->dim = ReadInt(bytes, at);
  config->hidden_dim = ReadInt(bytes, at + 4);
  config->layers = ReadInt(bytes, at + 8);
  config->heads = ReadInt(bytes, at + 12);
  config->kv_heads = ReadInt(bytes, at + 16);
  const int64_t vocab = ReadInt(bytes, at + 20);
  config->max_seq_len = ReadInt(bytes, at + 24);
  config->tied_embeddings = vocab > 0;  // version 0; version 1 says it elsewhere
  config->vocab_size = static_cast<int32_t>(std::min<int64_t>(std::abs(vocab), INT32_MAX));
  config->head_dim = config->heads > 0 ? config->dim / config->heads : 0;
  config->rope_theta = kTheta;
  config->norm_epsilon = kEpsilon;
  return ValidateConfig(*config, error);
}

// Cuts a buffer into the tensors of the roles, in order.
class TensorCutter {
 public:
  TensorCutter(std::span<const uint8_t> bytes, size_t at, Llama2cCheckpoint* checkpoint)
      : bytes_(bytes), at_(at), specs_(ListTensors(checkpoint->config)), checkpoint_(checkpoint) {}

  bool Cut(TensorRole role, std::string* error) {
    for (const TensorSpec& spec : specs_) {
      if (spec.role != role) continue;
      uint64_t bytes = 4;
      for (int64_t size : spec.shape)
        bytes *= static_cast<uint64_t>(size);  // ValidateConfig bounds the product
      if (bytes > bytes_.size() - at_) {
        *error = "the file ends inside " + spec.name + ", which begins at byte " + std::to_string(at_) +
                 " and has " + std::to_string(bytes) + "; the file has " + std::to_string(bytes_.size());
        return false;
      }
      checkpoint_->tensors[spec.name] = {DType::kF32, spec.shape, bytes_.subspan(at_, bytes)};
      at_ += bytes;
    }
    return true;
  }

  bool Skip(uint64_t bytes, std::string* error) {
    if (bytes > bytes_.size() - at_) {
      *error = "the file ends inside the rotary tables";
      return false;
    }
    at_ += bytes;
    return true;
  }

  bool AtEnd(std::string* error) const {
    if (at_ == bytes_.size()) return true;
    *error =
        "the tensors end at byte " + std::to_string(at_) + "; the file has " + std::to_string(bytes_.size());
    return false;
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_;
  std::vector<TensorSpec> specs_;
  Llama2cCheckpoint* checkpoint_;
};

uint64_t RotaryTableBytes(const ModelConfig& config) {
  return uint64_t{4} * static_cast<uint64_t>(config.max_seq_len) * static_cast<uint64_t>(config.head_dim / 2);
}

bool ParseVersion0(std::span<const uint8_t> bytes, Llama2cCheckpoint* checkpoint, std::string* error) {
  if (bytes.size() < kVersion0HeaderBytes) {
    *error = "the file has " + std::to_string(bytes.size()) + " bytes; the header has " +
             std::to_string(kVersion0HeaderBytes);
    return false;
  }
  if (!ReadConfig(bytes, 0, &checkpoint->config, error)) return false;
  TensorCutter cutter(bytes, kVersion0HeaderBytes, checkpoint);
  for (TensorRole role : kVersion0Order) {
    if (!cutter.Cut(role, error)) return false;
  }
  return cutter.Skip(2 * RotaryTableBytes(checkpoint->config), error) &&
         cutter.Cut(TensorRole::kOutput, error) && cutter.AtEnd(error);
}

bool ParseVersion1(std::span<const uint8_t> bytes, Llama2cCheckpoint* checkpoint, std::string* error) {
  if (bytes.size() < kVersion1HeaderBytes) {
    *error = "the file has " + std::to_string(bytes.size()) + " bytes; the header has " +
             std::to_string(kVersion1HeaderBytes);
    return false;
  }
  if (const int32_t version = ReadInt(bytes, 4); version != 1) {
    *error = "version " + std::to_string(version) + "; supported are 0 and 1";
    return false;
  }
  if (!ReadConfig(bytes, 8, &checkpoint->config, error)) return false;
  if (!checkpoint->config.tied_embeddings || bytes[36] > 1) {
    *error = "vocab_size is " + std::to_string(ReadInt(bytes, 28)) + " and the shared-classifier byte " +
             std::to_string(bytes[36]) + "; version 1 has a positive one and 0 or 1";
    return false;
  }
  checkpoint->version = 1;
  checkpoint->config.tied_embeddings = bytes[36] == 1;
  TensorCutter cutter(bytes, kVersion1HeaderBytes, checkpoint);
  for (TensorRole role : kVersion1Order) {
    if (!cutter.Cut(role, error)) return false;
  }
  return cutter.Cut(TensorRole::kOutput, error) && cutter.AtEnd(error);
}

// Turns rows into F32 and hands them on.
class CheckpointWriter {
 public:
  CheckpointWriter(const ModelConfig& config, const std::map<std::string, TensorView>& tensors,
                   const std::function<bool(std::string_view)>& sink)
      : config_(config), tensors_(tensors), sink_(sink), specs_(ListTensors(config)) {}

  bool Header() {
    const int32_t vocab = config_.tied_embeddings ? config_.vocab_size : -config_.vocab_size;
    const int32_t fields[] = {config_.dim,        config_.hidden_dim, config_.layers,
                              config_.heads,      config_.kv_heads,   vocab,
                              config_.max_seq_len};
    return Put(fields, sizeof(fields));
  }

  bool Tensors(TensorRole role) {
    const bool rotated = role == TensorRole::kQuery || role == TensorRole::kKey;
    for (const TensorSpec& spec : specs_) {
      if (spec.role != role) continue;
      const TensorView& view = tensors_.at(spec.name);
      const int64_t rows = spec.shape.size() == 2 ? spec.shape[0] : 1;
      const size_t columns = static_cast<size_t>(spec.shape.back());
      row_.resize(columns);
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t from = rotated ? HalvesRow(row, config_.head_dim) : row;
        CopyToFloat(view, static_cast<size_t>(from) * columns, row_);
        if (!Put(row_.data(), columns * 4)) return false;
      }
    }
    return true;
  }

  bool RotaryTables() {
    for (const bool sine : {false, true}) {
      row_.resize(static_cast<size_t>(config_.head_dim / 2));
      for (int32_t position = 0; position < config_.max_seq_len; ++position) {
        for (size_t j = 0; j < row_.size(); ++j) {
          const float exponent = static_cast<float>(2 * j) / static_cast<float>(config_.head_dim);
          const float angle = static_cast<float>(position) * (1.0f / std::pow(kTheta, exponent));
          row_[j] = sine ? std::sin(angle) : std::cos(angle);
        }
        if (!Put(row_.data(), row_.size() * 4)) return false;
      }
    }
    return true;
  }

 private:
  bool Put(const void* data, size_t bytes) { return sink_({static_cast<const char*>(data), bytes}); }

  const ModelConfig& config_;
  const std::map<std::string, TensorView>& tensors_;
  const std::function<bool(std::string_view)>& sink_;
  const std::vector<TensorSpec> specs_;
  std::vector<float> row_;
};

std::string DescribeShape(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

}  // namespace

bool ParseLlama2c(std::span<const uint8_t> bytes, Llama2cCheckpoint* checkpoint, std::string* error) {
  *checkpoint = {};
  const bool version1 = bytes.size() >= 8 && static_cast<uint32_t>(ReadInt(bytes, 0)) == kVersion1Magic;
  if (version1 ? ParseVersion1(bytes, checkpoint, error) : ParseVersion0(bytes, checkpoint, error))
    return true;
  *error = "llama2.c checkpoint: " + *error;
  checkpoint->tensors.clear();
  return false;
}

int64_t HalvesRow(int64_t row, int64_t head_dim) {
  const int64_t in_head = row % head_dim;
  return row - in_head + in_head / 2 + (in_head % 2) * (head_dim / 2);
}

bool CheckTensors(const ModelConfig& config, const std::map<std::string, TensorView>& tensors,
                  std::string* error) {
  for (const TensorSpec& spec : ListTensors(config)) {
    const auto found = tensors.find(spec.name);
    if (found == tensors.end()) {
      *error = "tensor " + spec.name + " is missing; its shape would be " + DescribeShape(spec.shape);
      return false;
    }
    if (found->second.shape != spec.shape) {
      *error = "tensor " + spec.name + " has shape " + DescribeShape(found->second.shape) +
               "; the config wants " + DescribeShape(spec.shape);
      return false;
    }
  }
  return true;
}

bool WriteLlama2c(const ModelConfig& config, const std::map<std::string, TensorView>& tensors,
                  const std::function<bool(std::string_view)>& sink, std::string* error) {
  if (!ValidateConfig(config, error) || !CheckTensors(config, tensors, error)) return false;
  if (std::string option; !IsLlama(config, &option)) {
    *error = "the model is none that llama2.c computes: " + option;
    return false;
  }
  if (config.rope_theta != kTheta || config.norm_epsilon != kEpsilon) {
    *error = "llama2.c computes with rope_theta 10000 and norm_epsilon 1e-5; the model has " +
             JsonNumber(config.rope_theta) + " and " + JsonNumber(config.norm_epsilon);
    return false;
  }
  CheckpointWriter writer(config, tensors, sink);
  bool ok = writer.Header();
  for (TensorRole role : kVersion0Order) ok = ok && writer.Tensors(role);
  ok = ok && writer.RotaryTables() && writer.Tensors(TensorRole::kOutput);
  if (!ok) *error = "cannot write the llama2.c checkpoint";
  return ok;
}

}  // namespace bonsai::edge
