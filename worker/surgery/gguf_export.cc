#include "worker/surgery/gguf_export.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/llama2c.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/sentencepiece_proto.h"
#include "worker/surgery/gguf_reader.h"
#include "worker/surgery/half_float.h"

namespace bonsai {
namespace {

constexpr int32_t kUnusedPiece = 5;
constexpr float kPadScore = -1000;
constexpr float kHalfMax = 65504;

uint64_t Rows(const edge::TensorSpec& spec) { return spec.shape.size() == 1 ? 1 : spec.shape[0]; }
uint64_t Columns(const edge::TensorSpec& spec) { return spec.shape.back(); }

// Norms stay in F32, as llama.cpp's own converter has them.
GgufType TypeOf(const edge::TensorSpec& spec, GgufType weights) {
  return spec.shape.size() == 1 ? GgufType::kF32 : weights;
}

// Row `row` of llama.cpp's tensor, which pairs neighbours for the rotation, in the model's.
uint64_t SourceRow(const edge::TensorSpec& spec, const edge::ModelConfig& config, uint64_t row) {
  const bool rotated = spec.role == edge::TensorRole::kQuery || spec.role == edge::TensorRole::kKey;
  return rotated ? edge::HalvesRow(static_cast<int64_t>(row), config.head_dim) : row;
}

absl::Status ReadVocabulary(std::span<const uint8_t> tokenizer, edge::SentencePieceModel* pieces) {
  const auto wrong = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("GGUF: ", what));
  };
  if (std::string(edge::Tokenizer::FileNameFor(tokenizer)) != "tokenizer.model")
    return wrong("the model has a byte-level tokenizer.json; valid is a SentencePiece tokenizer.model");
  std::string error;
  if (!edge::ParseSentencePieceModel(tokenizer, pieces, &error))
    return wrong(absl::StrCat("tokenizer.model: ", error));
  if (!pieces->byte_fallback) return wrong("tokenizer.model has no byte_fallback, which llama.cpp needs");
  if (!pieces->normalizer.charsmap.empty() || pieces->normalizer.remove_extra_whitespaces) {
    return wrong(
        "tokenizer.model normalizes text (a charsmap, or remove_extra_whitespaces), which llama.cpp does "
        "not");
  }
  return absl::OkStatus();
}

void AddShape(const edge::ModelConfig& config, GgufType weights, GgufHeader* header) {
  header->AddString("general.architecture", "llama");
  header->AddString("general.name", "bonsai");
  header->AddUint32("general.alignment", kGgufAlignment);
  header->AddUint32("general.file_type", weights == GgufType::kF16 ? 1 : 0);
  header->AddUint32("llama.vocab_size", config.vocab_size);
  header->AddUint32("llama.context_length", config.max_seq_len);
  header->AddUint32("llama.embedding_length", config.dim);
  header->AddUint32("llama.block_count", config.layers);
  header->AddUint32("llama.feed_forward_length", config.hidden_dim);
  header->AddUint32("llama.attention.head_count", config.heads);
  header->AddUint32("llama.attention.head_count_kv", config.kv_heads);
  header->AddFloat("llama.attention.layer_norm_rms_epsilon", config.norm_epsilon);
  header->AddUint32("llama.rope.dimension_count", config.head_dim);
  header->AddFloat("llama.rope.freq_base", config.rope_theta);
}

void AddVocabulary(const edge::ModelConfig& config, const edge::Tokenizer& tokenizer,
                   const edge::SentencePieceModel& model, GgufHeader* header) {
  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<int32_t> types;
  for (const edge::SentencePiece& piece : model.pieces) {
    texts.push_back(piece.text);
    scores.push_back(piece.score);
    types.push_back(static_cast<int32_t>(piece.type));
  }
  for (int32_t i = 0; static_cast<int32_t>(texts.size()) < config.vocab_size; ++i) {
    texts.push_back(absl::StrCat("[PAD", i, "]"));
    scores.push_back(kPadScore);
    types.push_back(kUnusedPiece);
  }
  header->AddString("tokenizer.ggml.model", "llama");
  header->AddString("tokenizer.ggml.pre", "default");
  header->AddStrings("tokenizer.ggml.tokens", texts);
  header->AddFloats("tokenizer.ggml.scores", scores);
  header->AddInts("tokenizer.ggml.token_type", types);
  header->AddUint32("tokenizer.ggml.bos_token_id", config.bos_id);
  header->AddUint32("tokenizer.ggml.eos_token_id", config.eos_id);
  if (tokenizer.unk_id() >= 0) header->AddUint32("tokenizer.ggml.unknown_token_id", tokenizer.unk_id());
  header->AddBool("tokenizer.ggml.add_bos_token", true);
  header->AddBool("tokenizer.ggml.add_eos_token", false);
  header->AddBool("tokenizer.ggml.add_space_prefix", model.normalizer.add_dummy_prefix);
}

class GgufFileWriter {
 public:
  GgufFileWriter(const edge::CheckedModel& model, GgufType weights, std::string path)
      : model_(model),
        weights_(weights),
        path_(std::move(path)),
        file_(std::fopen(path_.c_str(), "wb"), std::fclose) {}

  absl::Status Write(const std::string& header) {
    if (file_ == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path_));
    if (absl::Status put = Put(header.data(), header.size()); !put.ok()) return put;
    for (const edge::TensorSpec& spec : edge::ListTensors(model_.config)) {
      if (absl::Status written = WriteTensor(spec); !written.ok()) return written;
    }
    if (std::fflush(file_.get()) == 0) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
  }

 private:
  absl::Status Put(const void* data, size_t size) {
    if (std::fwrite(data, 1, size, file_.get()) == size) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
  }

  absl::Status WriteTensor(const edge::TensorSpec& spec) {
    const edge::TensorView& view = model_.tensors.at(spec.name);
    const bool half = TypeOf(spec, weights_) == GgufType::kF16;
    std::vector<float> row(Columns(spec));
    std::vector<uint16_t> narrow(half ? row.size() : 0);
    const uint64_t row_bytes = row.size() * (half ? 2 : 4);
    for (uint64_t i = 0; i < Rows(spec); ++i) {
      edge::CopyToFloat(view, SourceRow(spec, model_.config, i) * row.size(), row);
      for (size_t j = 0; j < narrow.size(); ++j) {
        if (std::abs(row[j]) > kHalfMax) {
          return absl::InvalidArgumentError(absl::StrCat("GGUF_F16: ", spec.name, " has the weight ", row[j],
                                                         ", and F16 ends at 65504; valid is GGUF_F32"));
        }
        narrow[j] = HalfFloatBits(row[j]);
      }
      const void* data = half ? static_cast<const void*>(narrow.data()) : row.data();
      if (absl::Status put = Put(data, row_bytes); !put.ok()) return put;
    }
    const char zeros[kGgufAlignment] = {};
    const uint64_t over = Rows(spec) * row_bytes % kGgufAlignment;
    return over == 0 ? absl::OkStatus() : Put(zeros, kGgufAlignment - over);
  }

  const edge::CheckedModel& model_;
  const GgufType weights_;
  const std::string path_;
  const std::unique_ptr<FILE, int (*)(FILE*)> file_;
};

// Whether a row of the file is the model's.
bool SameRow(std::span<const float> expected, std::span<const float> found, bool half) {
  for (size_t i = 0; i < expected.size(); ++i) {
    if (half) {
      if (HalfFloatBits(expected[i]) != HalfFloatBits(found[i])) return false;
    } else if (std::memcmp(&expected[i], &found[i], sizeof(float)) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string GgufTensorName(const edge::TensorSpec& spec) {
  using Role = edge::TensorRole;
  const auto in_layer = [&spec](absl::string_view name) {
    return absl::StrCat("blk.", spec.layer, ".", name, ".weight");
  };
  switch (spec.role) {
    case Role::kEmbedding:
      return "token_embd.weight";
    case Role::kFinalNorm:
      return "output_norm.weight";
    case Role::kOutput:
      return "output.weight";
    case Role::kAttentionNorm:
      return in_layer("attn_norm");
    case Role::kQuery:
      return in_layer("attn_q");
    case Role::kKey:
      return in_layer("attn_k");
    case Role::kValue:
      return in_layer("attn_v");
    case Role::kQueryNorm:
      return in_layer("attn_q_norm");
    case Role::kKeyNorm:
      return in_layer("attn_k_norm");
    case Role::kAttentionOutput:
      return in_layer("attn_output");
    case Role::kFeedForwardNorm:
      return in_layer("ffn_norm");
    case Role::kGate:
      return in_layer("ffn_gate");
    case Role::kUp:
      return in_layer("ffn_up");
    case Role::kDown:
      return in_layer("ffn_down");
  }
  return spec.name;
}

absl::Status WriteGguf(const edge::CheckedModel& model, std::span<const uint8_t> tokenizer,
                       const std::string& chat_template, GgufType weights, const std::string& path) {
  edge::SentencePieceModel pieces;
  if (absl::Status read = ReadVocabulary(tokenizer, &pieces); !read.ok()) return read;
  GgufHeader header;
  AddShape(model.config, weights, &header);
  AddVocabulary(model.config, *model.tokenizer, pieces, &header);
  if (!chat_template.empty()) header.AddString("tokenizer.chat_template", chat_template);
  for (const edge::TensorSpec& spec : edge::ListTensors(model.config)) {
    std::vector<uint64_t> dims = {Columns(spec)};
    if (spec.shape.size() > 1) dims.push_back(Rows(spec));
    header.AddTensor(GgufTensorName(spec), dims, TypeOf(spec, weights));
  }
  return GgufFileWriter(model, weights, path).Write(header.Finish());
}

absl::Status CheckGguf(const edge::CheckedModel& model, const std::string& path) {
  std::string error;
  const std::unique_ptr<edge::MappedFile> file = edge::MappedFile::Open(path, &error);
  if (file == nullptr) return absl::InternalError(error);
  const absl::StatusOr<GgufFile> read = ParseGguf(file->bytes());
  if (!read.ok())
    return absl::InternalError(absl::StrCat("the GGUF file just written: ", read.status().message()));
  for (const edge::TensorSpec& spec : edge::ListTensors(model.config)) {
    const auto wrong = [&spec](absl::string_view what) {
      return absl::InternalError(absl::StrCat("the GGUF file just written: ", GgufTensorName(spec), what));
    };
    const auto found = read->tensors.find(GgufTensorName(spec));
    if (found == read->tensors.end() || found->second.shape != spec.shape)
      return wrong(" is missing or has another shape");
    std::vector<float> expected(Columns(spec));
    std::vector<float> row(Columns(spec));
    for (uint64_t i = 0; i < Rows(spec); ++i) {
      const uint64_t source = SourceRow(spec, model.config, i);
      edge::CopyToFloat(model.tensors.at(spec.name), source * row.size(), expected);
      edge::CopyToFloat(found->second, i * row.size(), row);
      if (!SameRow(expected, row, found->second.dtype == edge::DType::kF16))
        return wrong(absl::StrCat(" differs in row ", i));
    }
  }
  return absl::OkStatus();
}

}  // namespace bonsai
