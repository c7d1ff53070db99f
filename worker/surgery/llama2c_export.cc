#include "worker/surgery/llama2c_export.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "edge_runtime/engine/engine.h"
#include "edge_runtime/model/llama2c.h"

namespace bonsai {
namespace {

constexpr int32_t kCheckedTokens = 8;
constexpr float kTolerance = 1e-5f;

// llama2.c has these ids in its code, not in its file.
constexpr int32_t kBosId = 1;
constexpr int32_t kEosId = 2;

absl::Status CheckExpressible(const edge::CheckedModel& model) {
  const edge::ModelConfig& config = model.config;
  if (config.bos_id != kBosId || config.eos_id != kEosId) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.bin: llama2.c takes 1 as BOS and 2 as EOS; config.json has bos_token_id ",
                     config.bos_id, " and eos_token_id ", config.eos_id));
  }
  if (model.tokenizer->vocab_size() != config.vocab_size) {
    return absl::InvalidArgumentError(
        absl::StrCat("tokenizer.bin: llama2.c needs as many pieces as embeddings; tokenizer.model has ",
                     model.tokenizer->vocab_size(), ", config.json's vocab_size is ", config.vocab_size));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> ComputeLogits(const edge::Model& model) {
  const edge::ModelConfig& config = model.config();
  std::string error;
  const std::unique_ptr<edge::Session> session = edge::Session::Create(model, edge::SessionOptions{}, &error);
  if (session == nullptr) return absl::InternalError(error);
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < std::min(kCheckedTokens, config.max_seq_len); ++i) {
    // BOS, then ids from all over the vocabulary: 7919 is a prime.
    tokens.push_back(i == 0 ? config.bos_id : static_cast<int32_t>(int64_t{i} * 7919 % config.vocab_size));
  }
  std::vector<float> logits(tokens.size() * static_cast<size_t>(config.vocab_size));
  if (!session->Forward(tokens, logits, &error)) return absl::InternalError(error);
  return logits;
}

}  // namespace

absl::Status WriteLlama2cModel(const edge::CheckedModel& model, const std::string& path) {
  if (absl::Status status = CheckExpressible(model); !status.ok()) return status;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  int write_errno = 0;
  const auto sink = [&](std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size()) return true;
    write_errno = errno;
    return false;
  };
  std::string error;
  const bool written = edge::WriteLlama2c(model.config, model.tensors, sink, &error);
  if (written && std::fflush(file.get()) != 0) write_errno = errno;
  if (write_errno != 0) return absl::ErrnoToStatus(write_errno, absl::StrCat("cannot write ", path));
  if (!written) return absl::InvalidArgumentError(absl::StrCat("model.bin: ", error));
  return absl::OkStatus();
}

absl::Status CheckSameLogits(const edge::ModelBytes& original, const std::string& path) {
  std::string error;
  const std::unique_ptr<edge::Model> before =
      edge::Model::FromSafetensors(original.config_json, original.weights, &error);
  if (before == nullptr) return absl::InternalError(absl::StrCat("model.safetensors: ", error));
  const std::unique_ptr<edge::Model> after = edge::Model::LoadLlama2c(path, &error);
  if (after == nullptr) return absl::InternalError(absl::StrCat("the model.bin just written: ", error));
  const absl::StatusOr<std::vector<float>> expected = ComputeLogits(*before);
  if (!expected.ok()) return expected.status();
  const absl::StatusOr<std::vector<float>> actual = ComputeLogits(*after);
  if (!actual.ok()) return actual.status();
  if (expected->size() != actual->size()) return absl::InternalError("model.bin: another number of logits");
  for (size_t i = 0; i < expected->size(); ++i) {
    const float tolerance = kTolerance * std::max(1.0f, std::fabs((*expected)[i]));
    // Written so that a NaN fails.
    if (std::fabs((*expected)[i] - (*actual)[i]) <= tolerance) continue;
    return absl::InternalError(absl::StrCat("the model.bin just written computes otherwise: logit ", i,
                                            " is ", (*actual)[i], ", model.safetensors gives ",
                                            (*expected)[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckSameIds(const edge::Tokenizer& tokenizer, const std::string& bytes) {
  std::string error;
  const std::unique_ptr<edge::Tokenizer> read = edge::Tokenizer::ParseLlama2c(
      {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, tokenizer.vocab_size(), &error);
  if (read == nullptr) return absl::InternalError(absl::StrCat("the tokenizer.bin just written: ", error));
  for (const char* text :
       {"Once upon a time, there was a little girl.", "A. bank\nB. library", "déjà vu 你好 \t7"}) {
    if (read->Encode(text) != tokenizer.Encode(text)) {
      return absl::InternalError(
          absl::StrCat("the tokenizer.bin just written gives other ids for \"", text, "\""));
    }
  }
  return absl::OkStatus();
}

}  // namespace bonsai
