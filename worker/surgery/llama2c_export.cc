#include "worker/surgery/llama2c_export.h"

#include <cerrno>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "edge_runtime/engine/engine.h"
#include "edge_runtime/model/llama2c.h"
#include "worker/surgery/logit_check.h"

namespace bonsai {
namespace {

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
  return CheckSameLogits(*before, *after, "model.bin");
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
